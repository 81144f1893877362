"""What foreign clients have called their records. Written by the monitor."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel


class RecordId(SQLModel, table=True):
    """A record that came under this id is in the log already: clients that number no batches send it again after an outage.

    `id` is 16 bytes, a hash of the run and of the client's own id. Nothing else is stored of it, least of all a row's key.
    """

    __tablename__ = "record_id"
    __table_args__ = {"sqlite_with_rowid": False}

    id: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
