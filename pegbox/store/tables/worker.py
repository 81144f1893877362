"""A worker that has claimed or tried to claim jobs. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Worker(SQLModel, table=True):
    """`capabilities` are those reported at the last claim; `job_uid` is the current job."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True)
    hostname: str = ""
    capabilities: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    job_uid: str | None = None
    first_seen_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    last_seen_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False, index=True))
