"""A file that arrives in pieces. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.moment import Moment, now


class Upload(SQLModel, table=True):
    """`received_bytes` are safely on the disk at `uploads/<id>`; `sha256` and `md5` are known once all are.

    `wanted_sha256` and `wanted_md5` are what the client said they would be.
    """

    __tablename__ = "upload"

    id: str = Field(primary_key=True)
    name: str
    size_bytes: int = Field(sa_type=BigInteger)
    received_bytes: int = Field(default=0, sa_type=BigInteger)
    wanted_sha256: str | None = None
    wanted_md5: str | None = None
    sha256: str | None = None
    md5: str | None = None
    created_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(Moment, nullable=False, index=True))
