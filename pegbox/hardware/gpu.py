"""GPUs through NVML (nvidia-ml-py). Every query goes through one guard: what a card does not support is `None`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_PROCESSES = 32
"""Per GPU, the largest ones: each is kept with every sample."""

_lock = threading.Lock()
_nvml: Any = None
_tried = False


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process on a GPU and the memory it holds there, in bytes; `None` where the driver does not tell (MIG, WSL)."""

    pid: int
    memory_used: int | None


@dataclass(frozen=True, slots=True)
class MigReading:
    """A slice of a GPU that is divided (MIG). Bytes; `None` where NVML has no answer."""

    uuid: str
    name: str
    gpu_instance: int | None
    compute_instance: int | None
    memory_used: int | None
    memory_total: int | None


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU at one moment. Bytes, percent (0-100), degrees Celsius, watts; `None` where NVML has no answer."""

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


def _library() -> Any:
    """NVML, initialised once; `None` on a machine without an NVIDIA driver."""
    global _nvml, _tried
    with _lock:
        if not _tried:
            _tried = True
            import pynvml  # noqa: PLC0415 - loading it costs time and is pointless where it is never asked for

            try:
                pynvml.nvmlInit()
                _nvml = pynvml
            except pynvml.NVMLError:
                _nvml = None
        return _nvml


def _query(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except _nvml.NVMLError:
        return None


def read_gpus() -> tuple[GpuReading, ...]:
    """One consistent reading of every GPU; empty without an NVIDIA driver."""
    nvml = _library()
    if nvml is None:
        return ()
    return tuple(_read(nvml, index) for index in range(_query(nvml.nvmlDeviceGetCount) or 0))


def _read(nvml: Any, index: int) -> GpuReading:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    utilization = _query(nvml.nvmlDeviceGetUtilizationRates, handle)
    memory = _query(nvml.nvmlDeviceGetMemoryInfo, handle)
    power = _query(nvml.nvmlDeviceGetPowerUsage, handle)
    limit = _query(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    return GpuReading(
        index=index,
        uuid=_text(_query(nvml.nvmlDeviceGetUUID, handle)),
        name=_text(_query(nvml.nvmlDeviceGetName, handle)),
        utilization=None if utilization is None else float(utilization.gpu),
        memory_used=None if memory is None else int(memory.used),
        memory_total=None if memory is None else int(memory.total),
        temperature=_query(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        power=None if power is None else power / 1000,
        power_limit=None if limit is None else limit / 1000,
        processes=_processes(nvml, handle),
        mig=_mig(nvml, handle),
    )


def _mig(nvml: Any, handle: Any) -> tuple[MigReading, ...]:
    """The slices of a divided card; none on any other."""
    mode = _query(nvml.nvmlDeviceGetMigMode, handle)
    if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
        return ()
    places = range(_query(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0)
    slices = (_query(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, place) for place in places)
    return tuple(_read_slice(nvml, one) for one in slices if one is not None)


def _read_slice(nvml: Any, handle: Any) -> MigReading:
    memory = _query(nvml.nvmlDeviceGetMemoryInfo, handle)
    return MigReading(
        uuid=_text(_query(nvml.nvmlDeviceGetUUID, handle)),
        name=_text(_query(nvml.nvmlDeviceGetName, handle)),
        gpu_instance=_query(nvml.nvmlDeviceGetGpuInstanceId, handle),
        compute_instance=_query(nvml.nvmlDeviceGetComputeInstanceId, handle),
        memory_used=None if memory is None else int(memory.used),
        memory_total=None if memory is None else int(memory.total),
    )


def _processes(nvml: Any, handle: Any) -> tuple[GpuProcess, ...]:
    """Compute and graphics processes, each once, the largest first."""
    found: dict[int, int | None] = {}
    for query in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
        for process in _query(query, handle) or ():
            memory = process.usedGpuMemory
            found[int(process.pid)] = None if memory is None else int(memory)
    largest = sorted(found.items(), key=lambda item: item[1] or 0, reverse=True)
    return tuple(GpuProcess(pid, memory) for pid, memory in largest[:MAX_PROCESSES])


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
