"""Who did what, from where, and how it ended. Written by the backend; rows are never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class AuditEntry(SQLModel, table=True):
    """`action` is the verb of the route (`create_job`), `target` the path it was done to, `status` that of the answer.

    `actor` is a name, kept after the user is gone; `via` says how they were known, see
    `pegbox.schemas.account.Via`.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False, index=True))
    actor: str = Field(default="", index=True)
    via: str = ""
    action: str = Field(index=True)
    target: str = ""
    address: str = ""
    status: int = 200
    detail: str = ""
    request_id: str = ""
