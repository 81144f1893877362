"""JSON documents of the workflow: session metadata, hyperparameter configurations. Written by the backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Document(SQLModel, table=True):
    """One JSON document by name (`metadata`, `hyperparameter_config`)."""

    __tablename__ = "document"

    name: str = Field(primary_key=True)
    body: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
