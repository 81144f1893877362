"""A worker that has asked for work. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class Worker(SQLModel, table=True):
    """`capabilities` is what it said at its last claim; `job_uid` the job it holds."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True)
    hostname: str = ""
    capabilities: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    job_uid: str | None = None
    first_seen_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
    last_seen_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False, index=True))
