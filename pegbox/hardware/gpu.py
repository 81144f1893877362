"""GPUs through NVML (nvidia-ml-py). A value that a GPU does not support is `None`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_PROCESSES = 32
"""Per GPU, by memory: each process is stored with every resource sample."""


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process on a GPU and the memory it holds there, in bytes; `None` where the driver has no value (MIG, WSL)."""

    pid: int
    memory_used: int | None


@dataclass(frozen=True, slots=True)
class MigReading:
    """A slice of a GPU that is divided (MIG). Bytes; `None` where NVML has no value."""

    uuid: str
    name: str
    gpu_instance: int | None
    compute_instance: int | None
    memory_used: int | None
    memory_total: int | None


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU at one moment. Bytes, percent (0-100), degrees Celsius, watts; `None` where NVML has no value."""

    index: int
    uuid: str
    name: str
    utilization: float | None
    memory_used: int | None
    memory_total: int | None
    temperature: float | None
    power: float | None
    power_limit: float | None
    processes: tuple[GpuProcess, ...] = ()
    mig: tuple[MigReading, ...] = ()


ReadGpus = Callable[[], "tuple[GpuReading, ...]"]
"""Returns one reading of every GPU."""


def load_nvml() -> Any:
    """NVML, initialised; `None` on a machine without an NVIDIA driver."""
    import pynvml  # noqa: PLC0415 - slow to load, and not needed by processes that never read a GPU

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


class GpuReader:
    """Reads GPUs through NVML, which `load` returns (`None` without a driver). Thread-safe; calls `load` once, at first use."""

    def __init__(self, load: Callable[[], Any] = load_nvml) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._nvml: Any = None
        self._is_loaded = False

    def read(self) -> tuple[GpuReading, ...]:
        """One reading of every GPU; empty without an NVIDIA driver."""
        nvml = self._library()
        if nvml is None:
            return ()
        return tuple(self._read(nvml, index) for index in range(self._query(nvml.nvmlDeviceGetCount) or 0))

    def _library(self) -> Any:
        with self._lock:
            if not self._is_loaded:
                self._is_loaded = True
                self._nvml = self._load()
            return self._nvml

    def _query(self, function: Callable[..., Any], *args: Any) -> Any:
        """The function's result; `None` when the GPU does not support the query."""
        try:
            return function(*args)
        except self._nvml.NVMLError:
            return None

    def _read(self, nvml: Any, index: int) -> GpuReading:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        utilization = self._query(nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = self._query(nvml.nvmlDeviceGetMemoryInfo, handle)
        power = self._query(nvml.nvmlDeviceGetPowerUsage, handle)
        limit = self._query(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        return GpuReading(
            index=index,
            uuid=_text(self._query(nvml.nvmlDeviceGetUUID, handle)),
            name=_text(self._query(nvml.nvmlDeviceGetName, handle)),
            utilization=None if utilization is None else float(utilization.gpu),
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            temperature=self._query(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            power=None if power is None else power / 1000,
            power_limit=None if limit is None else limit / 1000,
            processes=self._processes(nvml, handle),
            mig=self._slices(nvml, handle),
        )

    def _slices(self, nvml: Any, handle: Any) -> tuple[MigReading, ...]:
        """The slices of a divided GPU; empty for any other."""
        mode = self._query(nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return ()
        positions = range(self._query(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0)
        handles = (self._query(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, position) for position in positions)
        return tuple(self._read_slice(nvml, part) for part in handles if part is not None)

    def _read_slice(self, nvml: Any, handle: Any) -> MigReading:
        memory = self._query(nvml.nvmlDeviceGetMemoryInfo, handle)
        return MigReading(
            uuid=_text(self._query(nvml.nvmlDeviceGetUUID, handle)),
            name=_text(self._query(nvml.nvmlDeviceGetName, handle)),
            gpu_instance=self._query(nvml.nvmlDeviceGetGpuInstanceId, handle),
            compute_instance=self._query(nvml.nvmlDeviceGetComputeInstanceId, handle),
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
        )

    def _processes(self, nvml: Any, handle: Any) -> tuple[GpuProcess, ...]:
        """Compute and graphics processes without duplicates, by memory in descending order."""
        memory_of: dict[int, int | None] = {}
        for query in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
            for process in self._query(query, handle) or ():
                memory = process.usedGpuMemory
                memory_of[int(process.pid)] = None if memory is None else int(memory)
        largest = sorted(memory_of.items(), key=lambda item: item[1] or 0, reverse=True)
        return tuple(GpuProcess(pid, memory) for pid, memory in largest[:MAX_PROCESSES])


_SYSTEM = GpuReader()


def read_gpus() -> tuple[GpuReading, ...]:
    """One reading of every GPU of this machine; empty without an NVIDIA driver."""
    return _SYSTEM.read()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
