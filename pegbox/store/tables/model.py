"""A model of the collection: a base model by hub id or folder, or the result of a job. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Model(SQLModel, table=True):
    """`id` is the hub id, `starter`, or `model-…` for a finished job; `uid` is a short opaque number kept for old clients."""

    __tablename__ = "model"

    id: str = Field(primary_key=True)
    uid: str = Field(unique=True, index=True)
    name: str
    kind: str = Field(default="base", index=True)  # base, finetuned, adapter
    source: str = "hub"  # starter, local, hub
    location: str = ""
    provider: str = ""
    category: str = ""
    description: str = ""
    parameters: str = ""
    context_length: int | None = None
    license: str = ""
    download_size: str = ""
    size_bytes: int = Field(default=0, sa_type=BigInteger)
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    capabilities: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    recommended: bool = False
    performance: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    use_case: str = ""
    base_model: str | None = None
    source_job: str | None = Field(default=None, index=True)
    dataset: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    metrics: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    adapter: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False, index=True))
