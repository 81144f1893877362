"""A person who may sign in. Written by the backend and by `pegbox user`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class User(SQLModel, table=True):
    """`name` is lower case; `password_hash` is Argon2's encoded hash with parameters and salt."""

    __tablename__ = "user"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True, index=True)
    password_hash: str
    role: str
    tier: str = "standard"
    disabled: bool = False
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    last_login_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
