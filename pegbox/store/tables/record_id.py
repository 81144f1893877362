"""Ids of records of foreign clients, for deduplication. Written by the monitor."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer
from sqlmodel import Field, SQLModel


class RecordId(SQLModel, table=True):
    """The id of a record in the log. Clients without batch numbers send records again after an outage.

    `id` is a 64-bit hash of the run and the client's record id, which SQLite stores as the rowid. The probability of a collision
    among ten million records is 3 in a million.
    """

    __tablename__ = "record_id"

    id: int = Field(
        sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)
    )
