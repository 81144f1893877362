"""A monitor on a free port in a folder of its own, for benchmarks of the metrics engine."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class MonitorUnderTest:
    url: str
    pid: int
    start_seconds: float
    """From the start of the process until it answered."""


@contextlib.contextmanager
def monitor(home: Path, *, slow_disk: bool = False) -> Iterator[MonitorUnderTest]:
    """Started as `pegbox up` starts it; ended with SIGTERM. `slow_disk` adds 10 ms to each commit."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(home), "PEGBOX_MONITOR_PORT": str(port)}
    service = (
        [str(Path(__file__).parent / "slow_disk_monitor.py")] if slow_disk else ["-m", "pegbox.cli.serve", "monitor"]
    )
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *service, "127.0.0.1", str(port)],
        env=env,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise SystemExit("the monitor ended at once")
            time.sleep(0.02)
        yield MonitorUnderTest(url, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(30)


def create_run(host: str, run_id: str) -> None:
    """Announces a run to the monitor at `host:port`."""
    connection = http.client.HTTPConnection(host)
    body = json.dumps({"id": run_id, "experiment": "benchmark"})
    connection.request("POST", "/api/runs", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status not in (200, 201):
        raise SystemExit(f"{answer.status} {answer.read()[:200]!r}")
    connection.close()


def _answers(port: int) -> bool:
    """Asks in the cheapest way there is: whoever asks takes part of the two cores from the one that starts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
