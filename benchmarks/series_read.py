"""How long a chart waits: one series as 1,200 columns over HTTP.

Usage: python benchmarks/series_read.py [--requests 30] [--rounds 5]

Claims: at most 5 ms for a series of 100,000 points, 20 ms for one of 1,000,000. The run has five metrics; one is asked for. The
first request after the start reads the log and is shown apart.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from peers.metrics_server import create_run, monitor

BATCH = 5_000
METRICS = 5
LIMITS = {100_000: 5.0, 1_000_000: 20.0}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with monitor(home) as server:
            for count in LIMITS:
                fill(server.url, count)
        cold: dict[int, list[float]] = {count: [] for count in LIMITS}
        warm: dict[int, list[float]] = {count: [] for count in LIMITS}
        for _ in range(options.rounds):
            with monitor(home) as server:
                for count in LIMITS:
                    cold[count] += ask(server.url, count, 1)
                    warm[count].append(statistics.median(ask(server.url, count, options.requests)))
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for count, limit in LIMITS.items():
        middle = statistics.median(warm[count])
        missed += middle > limit
        print(
            f"{count:9,} points: {middle:6.2f} ms (<= {limit}) {'MISSED' if middle > limit else ''}"
            f"   first request after a start {statistics.median(cold[count]):.0f} ms"
        )
    return 1 if missed else 0


def fill(url: str, count: int) -> None:
    """A run with `count` steps of five metrics."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    create_run(url.removeprefix("http://"), f"run-{count}")
    for number, first in enumerate(range(0, count, BATCH)):
        steps = range(first, first + BATCH)
        points = {
            "step": struct.pack(f"<{BATCH}q", *steps),
            "time": struct.pack(f"<{BATCH}d", *(1_760_000_000 + 0.05 * step for step in steps)),
            "metrics": {
                f"m{m}": struct.pack(f"<{BATCH}d", *(1 / (step + 1 + m) for step in steps)) for m in range(METRICS)
            },
        }
        body = msgspec.msgpack.encode({"writer": "fill", "sequence": number, "points": points})
        connection.request("POST", f"/api/runs/run-{count}/batches", body, {"Content-Type": "application/msgpack"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(answer.read())
        answer.read()


def ask(url: str, count: int, times: int) -> list[float]:
    """Milliseconds of each request."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    found = []
    for _ in range(times):
        began = time.perf_counter()
        connection.request("GET", f"/api/runs/run-{count}/series?metrics=m0&cols=1200")
        answer = connection.getresponse()
        body = answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200 or len(body) < 1000:
            raise SystemExit(body[:300])
    return found


if __name__ == "__main__":
    sys.exit(main())
