"""Slices of a divided GPU (MIG), as the driver tells of them. The driver's library is the outside world here."""

from __future__ import annotations

from types import SimpleNamespace

from pegbox.hardware.gpu import GpuReader, GpuReading, MigReading
from tests.pegbox.hardware.test_gpu_processes import Driver

GIB = 2**30


class DividedDriver(Driver):
    """One card in two slices of seven places; handles of slices are above 100."""

    NVML_DEVICE_MIG_ENABLE = 1

    def __init__(self, mode: int) -> None:
        self.mode = mode

    def nvmlDeviceGetMigMode(self, _handle: int) -> list[int]:
        return [self.mode, 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, _handle: int) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, _handle: int, place: int) -> int:
        if place > 1:
            raise Driver.NVMLError("not found")
        return 100 + place

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"MIG-{handle}" if handle >= 100 else "GPU-a"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(used=GIB, total=(20 if handle >= 100 else 80) * GIB)

    def nvmlDeviceGetGpuInstanceId(self, handle: int) -> int:
        return handle - 99


def read(mode: int) -> GpuReading:
    (reading,) = GpuReader(lambda: DividedDriver(mode)).read()
    return reading


def test_a_divided_card_tells_its_slices() -> None:
    assert read(1).mig == (
        MigReading("MIG-100", "", 1, None, GIB, 20 * GIB),
        MigReading("MIG-101", "", 2, None, GIB, 20 * GIB),
    )


def test_a_whole_card_has_none() -> None:
    reading = read(0)
    assert reading.mig == ()
    assert reading.memory_total == 80 * GIB
