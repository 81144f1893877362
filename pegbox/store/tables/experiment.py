"""A named group of runs. Inserted by whichever service names it first (get-or-create by unique name)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class Experiment(SQLModel, table=True):
    __tablename__ = "experiment"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True, index=True)
    description: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
