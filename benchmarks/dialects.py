"""What Trackio's unmodified client gets from our monitor, beside Trackio's own server: the same script, the same reads, in turns.

Usage: python benchmarks/dialects.py [--steps 10000] [--points 100000] [--rounds 3] [--peers-python PATH]

The script logs five values at each of 10,000 steps. Most of its time is its client's own: a server that answers at once and keeps
nothing shows how much. So what it sent there is sent to both servers again, without the client: that is the servers' own time.

Claims, against Trackio's server: the script is durable in at most 1.0 x the time; its requests are answered in at most 0.5 x the
time; 100,000 points of one metric are read back (`get_metric_values`, to the last byte), and read as the dashboard does
(`get_logs_batch`, thinned), in at most 0.1 x the time. "Parsed" is reading with the time the client needs to decode the JSON, which
is the same for both. Peers run with the interpreter of --peers-python, which has
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
    results: dict[str, list[dict[str, float]]] = {name: [] for name in (*servers, "nothing")}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as recorded:
            with peer("trackio_null.py", recorded, python=sys.executable) as url:
                results["nothing"].append(run_script(url, options))
            for name, server in servers.items():
                with tempfile.TemporaryDirectory() as folder, server(Path(folder), options.peers_python) as url:
                    results[name].append(measure(url, Path(recorded), options))
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
    with peer("trackio_server.py", python=python, TRACKIO_DIR=str(folder)) as url:
        yield url


@contextlib.contextmanager
def peer(script: str, *words: str, python: str, **env: str) -> Iterator[str]:
    """The address that a server among the peers prints when it is ready; killed at the end."""
    process = subprocess.Popen(
        [python, "-u", str(PEERS / script), *words],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = next((line for line in process.stdout if line.startswith("READY")), None)
        if ready is None:
            raise SystemExit(f"{python} cannot start {script}")
        yield ready.split()[1]
    finally:
        process.kill()
        process.wait()


def run_script(url: str, options: argparse.Namespace) -> dict[str, float]:
    """`durable_seconds` and `log_us` of the script."""
    command = [options.peers_python, str(PEERS / "trackio_script.py"), url, str(options.steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise SystemExit(f"the script failed: {done.stderr[-500:]}")
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def measure(url: str, recorded: Path, options: argparse.Namespace) -> dict[str, float]:
    """The script, its recorded requests, and the reads, in seconds."""
    result = run_script(url, options)
    parts = urlsplit(url)
    headers = {TOKEN_HEADER: parse_qs(parts.query)["write_token"][0]}
    with httpx2.Client(base_url=f"{parts.scheme}://{parts.netloc}", headers=headers, timeout=300) as client:
        found = call(client, "get_run_summary", project="benchmark", run="script")
        if found["num_logs"] != options.steps + 1:
            raise SystemExit(f"{found['num_logs']} of {options.steps + 1} steps arrived")
        return {**result, "replay_seconds": replay(client, recorded), **read_back(client, options.points)}


def replay(client: httpx2.Client, recorded: Path) -> float:
    """All of the script's requests but the first, which announces the run, one after the other."""
    first, *bodies = [file.read_bytes() for file in sorted(recorded.iterdir())]
    post(client, "bulk_log", first)
    began = time.perf_counter()
    for body in bodies:
        post(client, "bulk_log", body)
    return time.perf_counter() - began


def read_back(client: httpx2.Client, points: int) -> dict[str, float]:
    """Medians of five reads of one long metric, the first left out."""
    for start in range(0, points, ENTRIES_AT_ONCE):
        logs = [
            {"project": "long", "run": "long", "run_id": "long", "metrics": {"loss": 1 / (step + 1)}, "step": step}
            for step in range(start, min(start + ENTRIES_AT_ONCE, points))
        ]
        call(client, "bulk_log", logs=logs, hf_token=None)
    every = json.dumps({"kwargs": {"project": "long", "run": "long", "metric_name": "loss"}}).encode()
    thinned = json.dumps({"project": "long", "runs": [{"run": "long", "run_id": "long"}], "scalar_only": True}).encode()
    reads, parses, dashboards = [], [], []
    for _ in range(6):
        began = time.perf_counter()
        answer = post(client, "get_metric_values", every)
        reads.append(time.perf_counter() - began)
        found = answer.json()["data"]
        parses.append(time.perf_counter() - began)
        if len(found) != points:
            raise SystemExit(f"{len(found)} of {points} points came back")
        began = time.perf_counter()
        post(client, "get_logs_batch", thinned)
        dashboards.append(time.perf_counter() - began)
    names = {"read_seconds": reads, "parsed_seconds": parses, "dashboard_seconds": dashboards}
    return {name: statistics.median(times[1:]) for name, times in names.items()}


def post(client: httpx2.Client, name: str, body: bytes) -> httpx2.Response:
    answer = client.post(f"/api/{name}", content=body, headers={"Content-Type": "application/json"})
    return answer.raise_for_status()


def call(client: httpx2.Client, name: str, **arguments: object) -> dict[str, object]:
    answer = post(client, name, json.dumps({"args": [], "kwargs": arguments}).encode())
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
    print(f"the script against a server that does nothing: {middle['nothing']['durable_seconds']:.3f} s")
    labels = {
        "durable_seconds": ("script", 1.0),
        "replay_seconds": ("its requests", 0.5),
        "read_seconds": ("read", 0.1),
        "dashboard_seconds": ("read thinned", 0.1),
        "parsed_seconds": ("read, parsed", None),
    }
    missed = 0
    for key, (label, limit) in labels.items():
        ours, theirs = middle["pegbox"][key], middle["trackio"][key]
        is_missed = limit is not None and ours / theirs > limit
        missed += is_missed
        claim = "" if limit is None else f"(<= {limit}) {'MISSED' if is_missed else ''}"
        print(f"{label:13} pegbox {ours:7.3f} s   trackio {theirs:7.3f} s   ratio {ours / theirs:5.2f} {claim}")
    for name in ("pegbox", "trackio"):
        print(f"{name:8} takes {5 * options.steps / middle[name]['replay_seconds']:,.0f} points/s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
