"""Answers of a model at one step of a run. Written by the monitor."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.metric_batch import Cursor


class RunSample(SQLModel, table=True):
    """`rows` are `{"prompt", "expected", "answer"}`; `time` is Unix seconds."""

    __tablename__ = "run_sample"

    seq: int = Field(sa_column=Column(Cursor, primary_key=True, autoincrement=False))
    run_id: str = Field(index=True)
    step: int = Field(sa_type=BigInteger)
    time: float
    name: str
    rows: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
