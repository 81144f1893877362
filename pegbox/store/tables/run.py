"""A run: one recorded execution with metrics. Written by the monitor; the backend reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Run(SQLModel, table=True):
    """`summary` has the last value of each metric, so that lists need no points; it includes the log up to `last_seq`.

    Batches up to `packed_seq` are packed. `thinned_at` is the time when retention dropped points.

    `active_seconds` is the running time before `active_since`, which is null while the run is not running.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_job_uid", "job_uid", "updated_at", "id"),
    )  # runs of scripts, most recently updated first

    id: str = Field(primary_key=True)
    job_uid: str | None = None
    experiment_id: str = Field(foreign_key="experiment.id", index=True)
    name: str
    status: str = Field(default="running", index=True)
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    config: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    summary: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    total_steps: int | None = None
    last_step: int | None = Field(default=None, sa_type=BigInteger)
    last_epoch: float | None = None
    last_seq: int = Field(default=0, sa_type=BigInteger)
    packed_seq: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    record_count: int = 0
    active_seconds: float = 0.0
    active_since: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False, index=True))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    thinned_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
