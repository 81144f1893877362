"""Who holds a GPU's memory, as the driver tells it. The driver's library is the outside world here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pegbox.hardware.gpu import GpuReader


class Driver:
    """Answers like NVML on a machine with one card."""

    NVML_TEMPERATURE_GPU = 0

    class NVMLError(Exception):
        pass

    def __getattr__(self, name: str) -> Any:
        def refuse(*_args: object) -> None:
            raise Driver.NVMLError("not supported")

        return refuse

    def nvmlDeviceGetCount(self) -> int:
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, _handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=7, usedGpuMemory=1000), SimpleNamespace(pid=8, usedGpuMemory=None)]

    def nvmlDeviceGetGraphicsRunningProcesses(self, _handle: int) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=9, usedGpuMemory=5000), SimpleNamespace(pid=7, usedGpuMemory=1000)]


def test_processes_are_told_once_and_the_largest_first() -> None:
    (reading,) = GpuReader(Driver).read()
    assert [(process.pid, process.memory_used) for process in reading.processes] == [(9, 5000), (7, 1000), (8, None)]
    assert reading.utilization is None
