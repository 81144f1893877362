"""How many points per second the monitor takes and commits before it answers.

Usage: python benchmarks/bulk_ingest.py [--seconds 5] [--rounds 5]

Claims, with `synchronous=FULL`: one client with 1,000 points (200 steps x 5 metrics) per request, 350,000 points/s as JSON and
800,000 as MessagePack; eight connections with 10 ms added to every commit, 200,000 (JSON). The client sends prepared bytes over
one kept-alive socket and waits for each answer, as a script does.
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
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from peers.metrics_server import create_run, monitor

STEPS, METRICS = 200, 5
POINTS = STEPS * METRICS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rates: dict[str, list[float]] = {
        "JSON, one client": [],
        "MessagePack, one client": [],
        "JSON, eight, slow disk": [],
    }
    for number in range(options.rounds):
        for label, clients, form, slow_disk in (
            ("JSON, one client", 1, "json", False),
            ("MessagePack, one client", 1, "msgpack", False),
            ("JSON, eight, slow disk", 8, "json", True),
        ):
            with tempfile.TemporaryDirectory() as name, monitor(Path(name), slow_disk=slow_disk) as server:
                rates[label].append(measure(server.url, clients, form, options.seconds))
        print(f"round {number + 1} of {options.rounds} done (load {os.getloadavg()[0]:.1f})", flush=True)
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    missed = 0
    limits = (350_000, 800_000, 200_000)
    for (label, values), limit in zip(rates.items(), limits, strict=True):
        middle = statistics.median(values)
        missed += middle < limit
        print(f"{label:26} {middle:11,.0f} points/s (>= {limit:,}) {'MISSED' if middle < limit else ''}")
    return 1 if missed else 0


def measure(url: str, clients: int, form: str, seconds: float) -> float:
    """Points per second, committed."""
    host = url.removeprefix("http://")
    counts = [0] * clients
    requests = [prepare(number, form) for number in range(clients)]
    began = threading.Barrier(clients + 1)

    def work(number: int) -> None:
        connection = http.client.HTTPConnection(host)
        create_run(host, f"run-{number}")
        headers = {"Content-Type": f"application/{form}"}
        began.wait()
        deadline = time.perf_counter() + seconds
        for sequence, body in enumerate(with_sequence_number(requests[number], form)):
            connection.request("POST", f"/api/runs/run-{number}/batches", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} {content[:200]!r}")
            counts[number] = sequence + 1
            if time.perf_counter() > deadline:
                break
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    began.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(counts) * POINTS / (time.perf_counter() - start)


def prepare(number: int, form: str) -> bytes:
    """A batch with the sequence 10,000,000, to be replaced by bytes of the same length."""
    start = 1_760_000_000.0
    steps, times = list(range(STEPS)), [start + 0.05 * k for k in range(STEPS)]
    values = {f"metric_{m}": [1.0 / (k + 1 + m + number) for k in range(STEPS)] for m in range(METRICS)}
    points: dict[str, object] = {"step": steps, "time": times, "metrics": values}
    if form == "msgpack":
        points = {
            "step": struct.pack(f"<{STEPS}q", *steps),
            "time": struct.pack(f"<{STEPS}d", *times),
            "metrics": {name: struct.pack(f"<{STEPS}d", *column) for name, column in values.items()},
        }
    body = {"writer": "bench", "sequence": 10_000_000, "points": points}
    return msgspec.json.encode(body) if form == "json" else msgspec.msgpack.encode(body)


def with_sequence_number(body: bytes, form: str) -> Iterator[bytes]:
    """The batch again and again, each with a sequence number of its own."""
    encode = msgspec.json.encode if form == "json" else msgspec.msgpack.encode
    mark = encode(10_000_000)
    head, tail = body.split(mark, 1)
    for sequence in range(10_000_001, 20_000_000):
        yield head + encode(sequence) + tail


if __name__ == "__main__":
    sys.exit(main())
