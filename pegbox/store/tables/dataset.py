"""A dataset: validated files with their properties. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Dataset(SQLModel, table=True):
    """`uid` is permanent; `slug` is the readable unique id. File properties are those of the newest version.

    `sha256` is the hash of the CSV that trainings read: the file itself, or the conversion of other formats and several files.
    `hash` is the hash that DVC computes; None until the files are read.
    """

    __tablename__ = "dataset"

    uid: str = Field(primary_key=True)
    slug: str = Field(unique=True, index=True)
    name: str
    description: str = ""
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    columns: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    column_mapping: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    rows: int = 0
    size_bytes: int = Field(default=0, sa_type=BigInteger)
    format: str = "csv"
    sha256: str | None = Field(default=None, index=True)
    hash: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    version: str = "v1.0.0"
    is_valid: bool = True
    errors: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    warnings: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False, index=True))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
