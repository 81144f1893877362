"""Something that happened in a run: a phase, an evaluation, a checkpoint, a warning. Written by the monitor."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.metric_batch import Cursor


class RunEvent(SQLModel, table=True):
    """`time` is Unix seconds. `level` (info, warning, error) is how urgent an alert is."""

    __tablename__ = "run_event"

    seq: int = Field(sa_column=Column(Cursor, primary_key=True, autoincrement=False))
    run_id: str = Field(index=True)
    step: int | None = Field(default=None, sa_type=BigInteger)
    time: float
    kind: str
    title: str
    detail: str = ""
    level: str | None = None
