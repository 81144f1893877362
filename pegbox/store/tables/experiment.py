"""A named group of runs. Inserted by either service; updated by the backend only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, false, text
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Experiment(SQLModel, table=True):
    """`tags` map names to values, `{"task": "summaries", "draft": true}`."""

    __tablename__ = "experiment"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True, index=True)
    description: str = ""
    tags: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default=text("'{}'"))
    )
    starred: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
