"""One reading of the machine: host and every GPU. Written by the monitor once a second; old samples are thinned."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Float
from sqlmodel import Field, SQLModel


class ResourceSample(SQLModel, table=True):
    """`time` is Unix seconds; memory and disk in bytes, network in bytes per second, percent 0-100, degrees Celsius.

    `gpus` is a list of `{index, uuid, name, utilization, memory_used, memory_total, temperature, power, power_limit,
    processes: [{pid, memory_used}]}`, where values that a GPU does not report are null.
    """

    __tablename__ = "resource_sample"

    time: float = Field(sa_column=Column(Float(53), primary_key=True))
    cpu_percent: float
    memory_used: int = Field(sa_type=BigInteger)
    memory_total: int = Field(sa_type=BigInteger)
    disk_used: int = Field(sa_type=BigInteger)
    disk_total: int = Field(sa_type=BigInteger)
    cpu_temperature: float | None = None
    network_in: float
    network_out: float
    gpus: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
