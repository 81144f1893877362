"""What an idle monitor costs: memory, CPU, start; what `import pegbox` costs a script; memory under load for minutes.

Usage: python benchmarks/monitor_footprint.py [--rounds 5] [--idle-seconds 20] [--soak-seconds 600]

Claims: at most 80 MiB (as ps and top count) and 0.3 % of a core with the sampler on, answering at most 1 s after its start;
`import pegbox` at most 50 ms; at 20,000 points/s for ten minutes memory stays within 10 MiB (--soak-seconds 0 leaves that out).
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from bulk_ingest import POINTS, prepare, with_sequence_number
from peers.metrics_server import ROOT, create_run, monitor

MIB = 2**20
SOAK_RATE = 20_000
WARM_SHARE = 0.2
"""Of the soak, before memory is first looked at: the run's history and SQLite's caches fill."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=20)
    parser.add_argument("--soak-seconds", type=float, default=600)
    options = parser.parse_args()
    memory, cpu, start = [], [], []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with monitor(home):
            pass  # the first start makes the tables
        for _ in range(options.rounds):
            with monitor(home) as server:
                process = psutil.Process(server.pid)
                start.append(server.start_seconds)
                time.sleep(3)
                before = sum(process.cpu_times()[:2])
                time.sleep(options.idle_seconds)
                cpu.append((sum(process.cpu_times()[:2]) - before) / options.idle_seconds * 100)
                memory.append(process.memory_info().rss / MIB)
        growth = soak(home, options.soak_seconds) if options.soak_seconds else None
    imports = [import_seconds() for _ in range(options.rounds)]
    print(f"\n{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    checks = [
        ("idle memory, MiB", statistics.median(memory), 80.0),
        ("idle CPU, % of a core", statistics.median(cpu), 0.3),
        ("start, s", statistics.median(start), 1.0),
        ("import pegbox, ms", statistics.median(imports) * 1000, 50.0),
    ]
    if growth is not None:
        checks.append(("memory growth under load, MiB", growth, 10.0))
    missed = 0
    for label, value, limit in checks:
        missed += value > limit
        print(f"{label:30} {value:8.2f} (<= {limit}) {'MISSED' if value > limit else ''}")
    return 1 if missed else 0


def import_seconds() -> float:
    """Of `import pegbox`, the interpreter's own start left out."""
    script = "import time; t = time.perf_counter(); import pegbox; pegbox.init; print(time.perf_counter() - t)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return float(subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True).stdout)


def soak(home: Path, seconds: float) -> float:
    """MiB that memory grows by, from the end of the warm-up to the end."""
    with monitor(home) as server:
        process = psutil.Process(server.pid)
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        create_run(server.url.removeprefix("http://"), "run-soak")
        began = time.perf_counter()
        first = 0.0
        for number, body in enumerate(with_sequence_number(prepare(0, "json"), "json")):
            connection.request("POST", "/api/runs/run-soak/batches", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(answer.read())
            answer.read()
            elapsed = time.perf_counter() - began
            if not first and elapsed > seconds * WARM_SHARE:
                first = process.memory_info().rss / MIB
            if elapsed > seconds:
                return process.memory_info().rss / MIB - first
            time.sleep(max(0.0, (number + 1) * POINTS / SOAK_RATE - elapsed))
    raise AssertionError("the batches ran out")


if __name__ == "__main__":
    sys.exit(main())
