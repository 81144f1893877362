"""A run: one recorded execution with metrics. Written by the monitor; the backend reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class Run(SQLModel, table=True):
    """`summary` holds the last value of each metric, so that lists need no points."""

    __tablename__ = "run"

    id: str = Field(primary_key=True)
    job_uid: str | None = Field(default=None, index=True)
    experiment_id: str = Field(foreign_key="experiment.id", index=True)
    name: str
    status: str = Field(default="running", index=True)
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    config: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    summary: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    total_steps: int | None = None
    last_step: int | None = None
    record_count: int = 0
    created_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False, index=True))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(Moment))
