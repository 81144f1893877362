"""A file of a run. Written by the monitor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class RunArtifact(SQLModel, table=True):
    """The newest file of this name in the run. The bytes are at their SHA-256 in the artifact folder, shared by all runs."""

    __tablename__ = "run_artifact"

    run_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    sha256: str = Field(index=True)
    size_bytes: int = Field(sa_type=BigInteger)
    step: int | None = Field(default=None, sa_type=BigInteger)
    description: str = ""
    category: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
