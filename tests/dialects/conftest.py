"""A running monitor, and the environments of foreign clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.foreign_client import client_python
from tests.pegbox.sdk.monitor_process import MonitorProcess


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitorProcess]:
    """One monitor for all tests of a file that leave it alone."""
    with MonitorProcess(tmp_path_factory.mktemp("monitor") / "home") as process:
        yield process


@pytest.fixture(scope="session")
def aspara_python() -> Path:
    """An interpreter that has Aspara's client."""
    return client_python("aspara-client")


@pytest.fixture(scope="session")
def trackio_python() -> Path:
    """An interpreter that has Trackio and a recent `gradio_client`."""
    return client_python("trackio-client")


@pytest.fixture(scope="session")
def old_gradio_python() -> Path:
    """An interpreter that has `gradio_client` of the first generation."""
    return client_python("gradio-client-1")
