"""A login session, from sign-in to sign-out. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Login(SQLModel, table=True):
    """All tokens issued for one sign-in, which are revoked together.

    The credentials are those of a user, an API token entered on the login page, or the shared token (`shared_mark` changes with
    the token). `refresh_id` is the only valid refresh token; null for browsers.
    """

    __tablename__ = "login"

    id: str = Field(primary_key=True)
    user_id: str | None = Field(default=None, foreign_key="user.id", index=True, ondelete="CASCADE")
    api_token_id: str | None = Field(default=None, foreign_key="api_token.id", index=True, ondelete="CASCADE")
    shared_mark: str | None = None
    refresh_id: str | None = None
    address: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
