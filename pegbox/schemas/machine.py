"""The machine on the wire: GPUs and system metrics."""

from __future__ import annotations

from pydantic import Field

from pegbox.schemas.base import Instant, Wire


class MigSlice(Wire):
    """A part of a divided GPU."""

    uuid: str
    name: str
    gpu_instance: int | None = None
    compute_instance: int | None = None
    memory_used: int | None = Field(None, description="Bytes.")
    memory_total: int | None = Field(None, description="Bytes.")


class GpuProcessMemory(Wire):
    """A process on a GPU; its memory is null where the driver does not tell."""

    pid: int
    memory_used: int | None = Field(None, description="Bytes.")


class GpuStatus(Wire):
    """A GPU as it was last read. Numbers that clients need are 0 when the card does not tell them, and named in `unknown`."""

    id: int = Field(description="Its place in NVML's order.")
    uuid: str
    name: str
    memory_total: int = Field(description="Bytes.")
    memory_used: int = Field(description="Bytes.")
    utilization: float = Field(description="Percent, 0-100.")
    temperature: float = Field(description="Degrees Celsius.")
    power_usage: float = Field(description="Watts.")
    power_limit: float | None = Field(None, description="Watts.")
    unknown: list[str] = Field(description="Fields that the card does not tell; they are 0.")
    processes: list[GpuProcessMemory] = Field(default_factory=list, description="The largest first.")
    mig: list[MigSlice] = Field(default_factory=list, description="The parts of a divided card.")
    timestamp: Instant = Field(description="When it was read.")


class NetworkCounters(Wire):
    """Bytes over all interfaces since the host started."""

    bytes_sent: int
    bytes_recv: int


class MachineMetrics(Wire):
    """Body of `GET /api/metrics`."""

    timestamp: Instant = Field(description="When the machine was read.")
    cpu_percent: float = Field(description="All processors together, 0-100.")
    memory_percent: float
    disk_usage: float = Field(description="Percent in use on the disk of the data folder.")
    network_io: NetworkCounters
