"""A real monitor with a real socket for the SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pegbox.sdk.monitor_process import MonitorProcess


@pytest.fixture(scope="module")
def shared_monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitorProcess]:
    """A monitor shared by the tests of a file that do not restart it."""
    with MonitorProcess(tmp_path_factory.mktemp("monitor") / "home") as process:
        yield process


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    """A monitor that a test can kill and restart."""
    with MonitorProcess(tmp_path / "monitor" / "home") as process:
        yield process
