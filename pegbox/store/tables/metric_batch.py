"""The metric log: one row per accepted batch, later per pack of batches. Written by the monitor."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

Cursor = BigInteger().with_variant(Integer, "sqlite")
"""Column type of `seq`. SQLite requires INTEGER for an alias of the rowid."""


class MetricBatch(SQLModel, table=True):
    """Record k of the batch has `seq = first_seq + k`, so that reading from a cursor is a range scan of the primary key.

    A batch has `count` records: points, then sample sets, events and media. `rewind_to` = S drops earlier records of the run with
    a step above S. `(run_id, writer, sequence)` identifies a batch for deduplication.

    A pack replaces consecutive batches of one writer without rewinds. It has `first_seq`, `count` and `sequence` of the last
    batch, so that rows stay ordered by their last cursor; `span` is the number of sequence numbers before `sequence` that the
    pack covers. `span` is null for a single batch.
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
