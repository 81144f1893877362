"""A version of a dataset's files. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class DatasetVersion(SQLModel, table=True):
    """One row per version of a dataset's content; the newest version equals the dataset row.

    `sha256` and `hash` as in the dataset; `files` is the number of files. A row without `hash` predates datasets with several
    files, and has no columns, mapping, errors and warnings.
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
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
