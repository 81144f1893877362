"""API models of resource samples during a run, as columns over time."""

from __future__ import annotations

from pydantic import Field

from pegbox.schemas.base import Wire


class GpuSeries(Wire):
    """One GPU. Lists have the length of `time`; null where the GPU was absent or does not report the value."""

    index: int
    name: str
    utilization: list[float | None] = Field(description="Percent, 0-100.")
    memory_used: list[int | None] = Field(description="Bytes.")
    memory_total: list[int | None]
    temperature: list[float | None] = Field(description="Degrees Celsius.")
    power: list[float | None] = Field(description="Watts.")


class ResourceSeries(Wire):
    """Body of `GET /api/runs/{id}/resources`: lists of equal length."""

    time: list[float] = Field(description="Unix seconds.")
    cpu_percent: list[float]
    memory_used: list[int] = Field(description="Bytes.")
    memory_total: list[int]
    disk_used: list[int]
    disk_total: list[int]
    cpu_temperature: list[float | None]
    network_in: list[float] = Field(description="Bytes per second.")
    network_out: list[float]
    gpus: list[GpuSeries]
