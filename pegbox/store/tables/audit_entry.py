"""The audit log: actor, action, address and result. Written by the backend; rows are never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class AuditEntry(SQLModel, table=True):
    """`action` is the name of the route (`create_job`), `target` the request path, `status` the status of the response.

    `actor` is a user name, kept after the user is deleted; `via` is the kind of credentials, see `pegbox.schemas.account.Via`.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False, index=True))
    actor: str = Field(default="", index=True)
    via: str = ""
    action: str = Field(index=True)
    target: str = ""
    address: str = ""
    status: int = 200
    detail: str = ""
    request_id: str = ""
