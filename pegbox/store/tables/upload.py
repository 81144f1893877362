"""A resumable upload of a file. Written by the backend."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class Upload(SQLModel, table=True):
    """`received_bytes` bytes are on disk at `uploads/<id>`; `sha256` and `md5` are set when the upload is complete.

    `wanted_sha256` and `wanted_md5` are the hashes announced by the client.
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
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
    updated_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False, index=True))
