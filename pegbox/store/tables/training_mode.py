"""The training mode of the monitor and its view window. One row, written by the monitor."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from pegbox.store.tables.metric_batch import Cursor


class TrainingMode(SQLModel, table=True):
    """The view window shows records after `since_seq` and resource samples after `since_time` (Unix seconds)."""

    __tablename__ = "training_mode"

    id: int = Field(default=1, primary_key=True)
    mode: str = "manual"
    since_seq: int = Field(default=0, sa_type=Cursor)
    since_time: float = 0.0
