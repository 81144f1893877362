"""What foreign clients have called their records. Written by the monitor."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer
from sqlmodel import Field, SQLModel


class RecordId(SQLModel, table=True):
    """A record that came under this id is in the log already: clients that number no batches send it again after an outage.

    `id` is a hash of the run and of the client's own id: 64 bits, which SQLite keeps in the row's key itself. Among ten million
    records the chance that any two share one is 3 in a million.
    """

    __tablename__ = "record_id"

    id: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)
    )
