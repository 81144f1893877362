"""A thousand runs that log concurrently."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.monitor.cast import START
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import http

RUNS = 1_000


def test_a_thousand_runs_at_once(monitor: MonitorProcess) -> None:
    def work(first: int) -> None:
        numbers = range(first, RUNS, 8)
        for number in numbers:
            http.post(f"{monitor.url}/api/runs", json={"id": f"run-{number}"}).raise_for_status()
        for sequence in range(2):
            for number in numbers:
                points = {"step": [sequence], "time": [START], "metrics": {"y": [float(number + sequence)]}}
                body = {"writer": "w", "sequence": sequence, "points": points}
                http.post(f"{monitor.url}/api/runs/run-{number}/batches", json=body).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    for number in range(0, RUNS, 97):
        assert monitor.series(f"run-{number}", "y") == {0: float(number), 1: float(number + 1)}
