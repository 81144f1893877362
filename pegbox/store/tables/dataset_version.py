"""What a dataset's files were before they were replaced, and are now. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class DatasetVersion(SQLModel, table=True):
    """One row per version of a dataset's bytes; the newest one equals what the dataset row says.

    `sha256` and `hash` as in the dataset; `files` counts its files. A row without `hash` is from before there were several files,
    and says nothing of columns, mapping, errors and warnings.
    """

    __tablename__ = "dataset_version"
    __table_args__ = (UniqueConstraint("dataset_uid", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    dataset_uid: str = Field(foreign_key="dataset.uid", index=True, ondelete="CASCADE")
    version: str
    sha256: str = Field(index=True)
    hash: str | None = None
    format: str = "csv"
    files: int = 1
    columns: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    column_mapping: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    errors: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    warnings: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    rows: int = 0
    size_bytes: int = Field(default=0, sa_type=BigInteger)
    parent: str | None = None
    message: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
