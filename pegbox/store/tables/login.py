"""From a sign-in to its sign-out. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class Login(SQLModel, table=True):
    """The family of all tokens that come from one sign-in: revoked together.

    It is of a user, or of an API token that was entered on the login page, or of the shared token (`shared_mark`, which
    changes with it). `refresh_id` is the one refresh token that may still be used; a browser has none.
    """

    __tablename__ = "login"

    id: str = Field(primary_key=True)
    user_id: str | None = Field(default=None, foreign_key="user.id", index=True, ondelete="CASCADE")
    api_token_id: str | None = Field(default=None, foreign_key="api_token.id", index=True, ondelete="CASCADE")
    shared_mark: str | None = None
    refresh_id: str | None = None
    address: str = ""
    created_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Moment, nullable=False, index=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Moment))
