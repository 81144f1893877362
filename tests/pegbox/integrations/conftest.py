"""A tiny model, rows to train it on, and a monitor to report to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbox.data.rows import Row, read_rows
from pegbox.sample import SAMPLE_CSV
from pegbox.worker.processes.cpu_settings import THREADS
from tests.pegbox.sdk.monitor_process import MonitorProcess

# As the executor sets for its child processes; torch reads the variable on import.
for _name, _value in THREADS.items():
    os.environ.setdefault(_name, _value)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The first rows of the sample dataset."""
    return read_rows(SAMPLE_CSV)[:40]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> Path:
    """A Llama of hidden size 32 with one layer."""
    from pegbox.inference.starter import build_starter

    return build_starter(tmp_path_factory.mktemp("model") / "tiny", rows, seed=1, hidden_size=32, layers=1)


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitorProcess]:
    """A monitor shared by the tests of a file."""
    with MonitorProcess(tmp_path_factory.mktemp("monitor") / "home") as process:
        yield process
