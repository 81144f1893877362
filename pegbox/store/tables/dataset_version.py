"""What a dataset's file was before it was replaced, and is now. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class DatasetVersion(SQLModel, table=True):
    """One row per version of a dataset's bytes; the newest one equals what the dataset row says."""

    __tablename__ = "dataset_version"
    __table_args__ = (UniqueConstraint("dataset_uid", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    dataset_uid: str = Field(foreign_key="dataset.uid", index=True, ondelete="CASCADE")
    version: str
    sha256: str = Field(index=True)
    rows: int = 0
    size_bytes: int = Field(default=0, sa_type=BigInteger)
    parent: str | None = None
    message: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
