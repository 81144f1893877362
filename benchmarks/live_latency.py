"""From `log()` in a script to a message at WebSocket clients.

Usage: python benchmarks/live_latency.py [--seconds 10] [--rounds 5] [--crowd] [--frames single|array] [--deflate]

Claims: p50 at most 35 ms and p99 at most 100 ms over all viewers of a run, be they 1 or 100. With --crowd also: of 1,000 viewers
the last one is served within 50 ms (p50 over points) while another run takes in 50,000 points/s (batches of 1,000). A monitor as
`pegbox up` starts it, a script that logs five values with the SDK (20 times a second, for the crowd 5), and the viewers are a
process each, on the same cores: half of what 1,000 viewers take is the process that plays them. With --deflate they ask for
compression, as browsers do.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from peers.metrics_server import ROOT, create_run, monitor

P50_MS, P99_MS, LAST_MS = 35, 100, 50
CROWD = 1_000
STEPS, METRICS, BATCHES_PER_SECOND = 200, 5, 50
RUN = "watched"


@dataclass
class Round:
    """Milliseconds. `all` has every viewer of every point, `last` the one served last of each point."""

    all: list[float]
    last: list[float]
    points: int
    load: float
    """Points per second that came in beside."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--crowd", action="store_true")
    parser.add_argument("--frames", choices=("single", "array"), default="single")
    parser.add_argument("--deflate", action="store_true")
    options = parser.parse_args()
    cases = {"1 viewer": (1, False), "100 viewers": (100, False)}
    if options.crowd:
        cases[f"{CROWD:,} viewers, 50,000 points/s"] = (CROWD, True)
    rounds: dict[str, list[Round]] = {label: [] for label in cases}
    for number in range(options.rounds):
        for label, (viewers, is_loaded) in cases.items():
            measured = measure(viewers, options.seconds, options.frames, is_loaded=is_loaded, deflate=options.deflate)
            rounds[label].append(measured)
            print(f"round {number + 1}, {label}: {describe([measured])}", flush=True)
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    missed = 0
    for label, (_, is_loaded) in cases.items():
        p50, p99, last = figures(rounds[label])
        limits = [("last p50", last, LAST_MS)] if is_loaded else [("p50", p50, P50_MS), ("p99", p99, P99_MS)]
        missed += sum(value > limit for _, value, limit in limits)
        verdict = ", ".join(
            f"{name} {value:.1f} ms (limit {limit}){' MISSED' if value > limit else ''}"
            for name, value, limit in limits
        )
        print(f"{label}: {verdict}; medians of {options.rounds}")
    return 1 if missed else 0


def figures(rounds: list[Round]) -> tuple[float, float, float]:
    """Medians over rounds of p50 and p99 over viewers, and of p50 of the last viewer."""
    return (
        statistics.median(percentile(each.all, 50) for each in rounds),
        statistics.median(percentile(each.all, 99) for each in rounds),
        statistics.median(percentile(each.last, 50) for each in rounds),
    )


def describe(rounds: list[Round]) -> str:
    p50, p99, last = figures(rounds)
    return (
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, last viewer p50 {last:.1f} ms "
        f"({rounds[0].points} points, {rounds[0].load:,.0f} points/s beside; load {os.getloadavg()[0]:.1f})"
    )


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def measure(viewers: int, seconds: float, frames: str, *, is_loaded: bool, deflate: bool) -> Round:
    """One round on a fresh monitor."""
    peers = Path(__file__).parent / "peers"
    with tempfile.TemporaryDirectory() as name, monitor(Path(name) / "home") as server:
        host = server.url.removeprefix("http://")
        create_run(host, RUN)
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(Path(name) / "script")}
        address = f"ws://{host}/ws/runs/{RUN}?frames={frames}"
        audience = subprocess.Popen(
            [
                sys.executable,
                str(peers / "live_viewers.py"),
                address,
                str(viewers),
                *(["--deflate"] if deflate else []),
            ],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert audience.stdout is not None
        if audience.stdout.readline() != "ready\n":
            raise SystemExit("the viewers could not connect")
        stop = threading.Event()
        counts: list[int] = []
        load = threading.Thread(target=ingest, args=(host, stop, counts))
        if is_loaded:
            load.start()
        began = time.monotonic()
        script = [
            sys.executable,
            str(peers / "live_script.py"),
            server.url,
            RUN,
            str(seconds),
            "5" if is_loaded else "20",
        ]
        subprocess.run(script, check=True, env=env)
        rate = sum(counts) / (time.monotonic() - began)
        stop.set()
        if is_loaded:
            load.join()
        points = json.loads(audience.communicate(timeout=60)[0])
    if not points:
        raise SystemExit("no point reached every viewer")
    milliseconds = [[1000 * value for value in times] for times in points]
    return Round(
        [value for times in milliseconds for value in times], [max(t) for t in milliseconds], len(points), rate
    )


def ingest(host: str, stop: threading.Event, counts: list[int]) -> None:
    """50,000 points/s into a run that nobody watches; each batch waits for the commit of the one before."""
    create_run(host, "beside")
    connection = http.client.HTTPConnection(host)
    metrics = {f"metric_{number}": [0.123456789 * number] * STEPS for number in range(METRICS)}
    due = time.monotonic()
    sequence = 0
    while not stop.is_set():
        steps = list(range(sequence * STEPS, (sequence + 1) * STEPS))
        points = {"step": steps, "time": [time.time()] * STEPS, "metrics": metrics}
        body = json.dumps({"writer": "load", "sequence": sequence, "points": points})
        connection.request("POST", "/api/runs/beside/batches", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            counts.append(STEPS * METRICS)
        sequence += 1
        due += 1 / BATCHES_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
    connection.close()


if __name__ == "__main__":
    sys.exit(main())
