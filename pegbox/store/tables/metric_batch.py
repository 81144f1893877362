"""The metric log: one row per accepted batch, later per pack of batches. Written by the monitor."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

Cursor = BigInteger().with_variant(Integer, "sqlite")
"""A `seq`. In SQLite it must be INTEGER to be the row's own key."""


class MetricBatch(SQLModel, table=True):
    """Record k of the batch has `seq = first_seq + k`, so that reading on from a cursor is a range of the primary key.

    A batch holds `count` records: points first, then sample sets, then events. `rewind_to` = S: earlier records of the run
    with a step above S no longer count. `(run_id, writer, sequence)` makes a repeated batch count once.

    A pack holds what were several batches of one writer with rising sequence numbers and no rewind. It takes the last one's
    place, `first_seq`, `count` and `sequence` included, so that all rows still lie in the order of their ends, and says with
    `span` how many sequence numbers before `sequence` it covers. `span` is null for a batch as it arrived.
    """

    __tablename__ = "metric_batch"
    __table_args__ = (
        UniqueConstraint("run_id", "writer", "sequence"),
        Index("ix_metric_batch_run_id_first_seq", "run_id", "first_seq"),
    )

    first_seq: int = Field(sa_column=Column(Cursor, primary_key=True, autoincrement=False))
    count: int
    run_id: str
    writer: str
    sequence: int = Field(sa_type=BigInteger)
    rewind_to: int | None = Field(default=None, sa_type=BigInteger)
    span: int | None = Field(default=None, sa_type=BigInteger)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
