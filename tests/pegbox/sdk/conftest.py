"""A real monitor behind a real socket for the SDK to talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pegbox.sdk.monitor_process import MonitorProcess


@pytest.fixture(scope="module")
def shared_monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitorProcess]:
    """One monitor for all tests of a file that leave it alone."""
    with MonitorProcess(tmp_path_factory.mktemp("monitor") / "home") as process:
        yield process


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    """A monitor to kill and start again."""
    with MonitorProcess(tmp_path / "monitor" / "home") as process:
        yield process
