"""A histogram, text or table of one step of a run. Written by the monitor."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from pegbox.store.tables.metric_batch import Cursor


class RunMedia(SQLModel, table=True):
    """`data` is the JSON of the API, including its `kind` (histogram, text, table); `time` is Unix seconds."""

    __tablename__ = "run_media"
    __table_args__ = (Index("ix_run_media_run_id_seq", "run_id", "seq"),)

    seq: int = Field(sa_column=Column(Cursor, primary_key=True, autoincrement=False))
    run_id: str
    step: int = Field(sa_type=BigInteger)
    time: float
    name: str
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
