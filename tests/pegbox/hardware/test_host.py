"""Readings of the real machine this test runs on."""

from __future__ import annotations

from pathlib import Path

import psutil

from pegbox.hardware.gpu import read_gpus
from pegbox.hardware.host import HostReader


def test_host_reading_agrees_with_the_machine(tmp_path: Path) -> None:
    reading = HostReader(tmp_path).read()
    assert 0 <= reading.cpu_percent <= 100
    assert reading.memory_total == psutil.virtual_memory().total
    assert 0 < reading.memory_used < reading.memory_total
    assert reading.disk_total == psutil.disk_usage(str(tmp_path)).total
    assert reading.network_in >= 0


def test_gpus_are_read_or_absent() -> None:
    for gpu in read_gpus():
        assert gpu.memory_total is None or gpu.memory_total > 0
        assert gpu.utilization is None or 0 <= gpu.utilization <= 100
