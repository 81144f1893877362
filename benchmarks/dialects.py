"""What Trackio's unmodified client gets from our monitor, beside Trackio's own server: the same script, the same reads, in turns.

Usage: python benchmarks/dialects.py [--steps 10000] [--points 100000] [--rounds 3] [--peers-python PATH]

Claims: a script of five values at each of 10,000 steps is durable no later than with Trackio's server (at most 1.0 x its time);
100,000 points of one metric are read back in at most 0.5 x its time. Peers run with the interpreter of --peers-python, which has
trackio (0.43); by default that of the tests' environment for foreign clients, if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from peers.metrics_server import monitor

PEERS = Path(__file__).parent / "peers"
CLIENTS = Path(sys.prefix) / "foreign" / "trackio-client" / "bin" / "python"
ENTRIES_AT_ONCE = 10_000
TOKEN_HEADER = "x-trackio-write-token"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers-python", default=str(CLIENTS) if CLIENTS.is_file() else sys.executable)
    options = parser.parse_args()
    servers = {"pegbox": pegbox, "trackio": trackio}
    results: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    for number in range(options.rounds):
        for name, server in servers.items():
            with tempfile.TemporaryDirectory() as folder, server(Path(folder), options.peers_python) as url:
                results[name].append(measure(url, options))
        print(f"round {number + 1} of {options.rounds} done (load {os.getloadavg()[0]:.1f})", flush=True)
    return report(results, options)


@contextlib.contextmanager
def pegbox(folder: Path, python: str) -> Iterator[str]:
    """Our monitor with an empty data folder."""
    with monitor(folder / "monitor") as server:
        yield f"{server.url}/?write_token=any"


@contextlib.contextmanager
def trackio(folder: Path, python: str) -> Iterator[str]:
    """Trackio's server with an empty data folder."""
    process = subprocess.Popen(
        [python, "-u", str(PEERS / "trackio_server.py")],
        env={**os.environ, "TRACKIO_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = next((line for line in process.stdout if line.startswith("READY")), None)
        if ready is None:
            raise SystemExit(f"{python} cannot start Trackio's server")
        yield ready.split()[1]
    finally:
        process.kill()
        process.wait()


def measure(url: str, options: argparse.Namespace) -> dict[str, float]:
    """`durable_seconds` and `log_us` of the script, `read_seconds` of reading all points back."""
    command = [options.peers_python, str(PEERS / "trackio_script.py"), url, str(options.steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise SystemExit(f"the script failed: {done.stderr[-500:]}")
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    parts = urlsplit(url)
    headers = {TOKEN_HEADER: parse_qs(parts.query)["write_token"][0]}
    with httpx2.Client(base_url=f"{parts.scheme}://{parts.netloc}", headers=headers, timeout=300) as client:
        found = call(client, "get_run_summary", project="benchmark", run="script")
        if found["num_logs"] != options.steps + 1:
            raise SystemExit(f"{found['num_logs']} of {options.steps + 1} steps arrived")
        return {**result, "read_seconds": read_back(client, options.points)}


def read_back(client: httpx2.Client, points: int) -> float:
    """Median of five reads of one long metric, the first left out."""
    for start in range(0, points, ENTRIES_AT_ONCE):
        logs = [
            {"project": "long", "run": "long", "run_id": "long", "metrics": {"loss": 1 / (step + 1)}, "step": step}
            for step in range(start, min(start + ENTRIES_AT_ONCE, points))
        ]
        call(client, "bulk_log", logs=logs, hf_token=None)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        found = call(client, "get_metric_values", project="long", run="long", metric_name="loss")
        times.append(time.perf_counter() - began)
        if len(found) != points:
            raise SystemExit(f"{len(found)} of {points} points came back")
    return statistics.median(times[1:])


def call(client: httpx2.Client, name: str, **arguments: object) -> dict[str, object]:
    answer = client.post(f"/api/{name}", json={"args": [], "kwargs": arguments})
    answer.raise_for_status()
    data: dict[str, object] = answer.json()["data"]
    return data


def report(results: dict[str, list[dict[str, float]]], options: argparse.Namespace) -> int:
    """Prints medians and ratios; 1 when a claim is missed."""
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{options.steps} steps x 5 values; {options.points} points read")
    middle = {
        name: {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        for name, rounds in results.items()
    }
    for name, values in middle.items():
        print(f"{name:8} durable {values['durable_seconds']:7.3f} s   read {values['read_seconds']:7.3f} s")
    missed = 0
    for label, key, limit in (("durable", "durable_seconds", 1.0), ("read", "read_seconds", 0.5)):
        ratio = middle["pegbox"][key] / middle["trackio"][key]
        missed += ratio > limit
        print(f"{label:8} ratio {ratio:6.2f} (<= {limit}) {'MISSED' if ratio > limit else ''}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
