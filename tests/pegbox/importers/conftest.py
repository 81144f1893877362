"""Runs written by other trackers, a monitor to import them to, and the import command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pegbox.schemas.runs.metric_names import CANONICAL_NAMES, HUGGING_FACE_NAMES
from tests.pegbox.sdk.monitor_process import MonitorProcess
from tests.stack import ROOT, http

FOREIGN_RUNS = ROOT / "tests" / "cast" / "foreign_runs"
NAMES = {"firstrun": "first try", "secondrun": "second"}
"""W&B's runs by id, with the values that the cast logged."""

LONG_AGO = time.time() - 7 * 86_400

Points = dict[str, dict[int, float]]
Import = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def foreign_runs(tmp_path: Path) -> Path:
    """A copy of the cast, last modified a week ago."""
    copy = Path(shutil.copytree(FOREIGN_RUNS, tmp_path / "cast"))
    for path in copy.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return copy


def what_was_logged() -> dict[tuple[str, str], Points]:
    """(format, name of the run) → metric by Pegbox's name → step → value."""
    logged = json.loads((FOREIGN_RUNS / "logged.json").read_text())
    ours = CANONICAL_NAMES | HUGGING_FACE_NAMES
    return {
        (tracker, NAMES.get(run, run)): {
            ours.get(metric, metric): {int(step): float(value) for step, value in points}
            for metric, points in metrics.items()
        }
        for tracker, runs in logged.items()
        for run, metrics in runs.items()
    }


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitorProcess]:
    """A monitor shared by the tests of a file; each test has its own folder of sources."""
    with MonitorProcess(tmp_path_factory.mktemp("monitor") / "home") as process:
        yield process


def importing(monitor: MonitorProcess, *words: str) -> subprocess.Popen[str]:
    """`pegbox run import …` in its own process."""
    return subprocess.Popen(
        [sys.executable, "-m", "pegbox", "run", "import", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PEGBOX_MONITOR_URL": monitor.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def import_all(monitor: MonitorProcess) -> Import:
    """Imports a path with the command and returns its results. `code` is the expected exit code."""

    def run_import(path: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
        process = importing(monitor, str(path), "--json", *options)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, err
        found: list[dict[str, Any]] = json.loads(out)
        return found

    return run_import


def stored(monitor: MonitorProcess, run_id: str) -> Points:
    """All points of a run, from the monitor's export."""
    answer = http.get(f"{monitor.url}/api/runs/{run_id}/export?format=jsonl", timeout=60)
    answer.raise_for_status()
    found: Points = {}
    for row in answer.text.splitlines():
        values = json.loads(row)
        step = values.pop("step")
        values.pop("time")
        for name, value in values.items():
            found.setdefault(name, {})[step] = float(value)
    return found
