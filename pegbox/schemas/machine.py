"""API models of GPUs and system metrics."""

from __future__ import annotations

from pydantic import Field

from pegbox.schemas.base import Instant, Wire


class MigSlice(Wire):
    """A MIG instance of a GPU."""

    uuid: str
    name: str
    gpu_instance: int | None = None
    compute_instance: int | None = None
    memory_used: int | None = Field(None, description="Bytes.")
    memory_total: int | None = Field(None, description="Bytes.")


class GpuProcessMemory(Wire):
    """A process on a GPU. `memory_used` is null if the driver does not report it."""

    pid: int
    memory_used: int | None = Field(None, description="Bytes.")


class GpuStatus(Wire):
    """The newest reading of a GPU. Required numbers that the GPU does not report are 0 and listed in `unknown`."""

    id: int = Field(description="NVML index.")
    uuid: str
    name: str
    memory_total: int = Field(description="Bytes.")
    memory_used: int = Field(description="Bytes.")
    utilization: float = Field(description="Percent, 0-100.")
    temperature: float = Field(description="Degrees Celsius.")
    power_usage: float = Field(description="Watts.")
    power_limit: float | None = Field(None, description="Watts.")
    unknown: list[str] = Field(description="Fields that the GPU does not report; they are 0.")
    processes: list[GpuProcessMemory] = Field(default_factory=list, description="Sorted by memory, largest first.")
    mig: list[MigSlice] = Field(default_factory=list, description="MIG instances.")
    timestamp: Instant = Field(description="Time of the reading.")


class NetworkCounters(Wire):
    """Bytes over all interfaces since the host started."""

    bytes_sent: int
    bytes_recv: int


class MachineMetrics(Wire):
    """Body of `GET /api/metrics`."""

    timestamp: Instant = Field(description="Time of the reading.")
    cpu_percent: float = Field(description="Mean over all processors, 0-100.")
    memory_percent: float
    disk_usage: float = Field(description="Percent in use on the disk of the data folder.")
    network_io: NetworkCounters
