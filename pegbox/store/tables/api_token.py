"""A long-lived token of a user, for programs. Written by the backend and by `pegbox token`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class ApiToken(SQLModel, table=True):
    """On the wire `pb_<id>_<secret>`; only the SHA-256 of the secret is stored. `role` limits the role of the user."""

    __tablename__ = "api_token"

    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    name: str
    secret_hash: str
    role: str
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
