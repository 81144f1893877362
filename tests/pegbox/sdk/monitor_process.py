"""A monitor in its own process, with queries for tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.stack import ROOT, Stack, http, wait_until


class MonitorProcess:
    """Use as a context manager. The port and the data are kept over `kill` and `start`."""

    def __init__(self, home: Path, env: dict[str, str] | None = None) -> None:
        home.mkdir(parents=True)
        self.stack = Stack(home, env)
        self.url = self.stack.monitor_url
        self.headers: dict[str, str] = {}

    def start(self) -> None:
        self.stack.start("monitor")

    def kill(self) -> None:
        """Kills the monitor with SIGKILL."""
        self.stack.kill("monitor")

    def get(self, path: str) -> Any:
        answer = http.get(self.url + path, timeout=30, headers=self.headers)
        answer.raise_for_status()
        return answer.json()

    def series(self, run_id: str, metric: str) -> dict[int, float]:
        """The stored values by step, for runs of at most 20,000 steps."""
        found = self.get(f"/api/runs/{run_id}/series?metrics={metric}&cols=20000")["series"].get(metric)
        return dict(zip(found["x"], found["mean"], strict=True)) if found else {}

    def wait_for(self, run_id: str, metric: str, count: int, seconds: float = 30) -> dict[int, float]:
        """Waits until the series has `count` points and returns it."""

        def complete() -> dict[int, float] | None:
            series = self.series(run_id, metric)
            return series if len(series) >= count else None

        series: dict[int, float] = wait_until(complete, seconds=seconds, what=f"{count} points of {metric}")
        return series

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.stop()


def script(text: str, home: Path, url: str, **env: str) -> subprocess.Popen[bytes]:
    """Starts a training script in its own process."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(home), "PEGBOX_MONITOR_URL": url, **env}
    return subprocess.Popen([sys.executable, "-c", text], env=variables, stdout=subprocess.PIPE)
