"""Compaction: merges small batches of the log into packs, in small transactions.

A training that logs four times a second writes half a million rows in 36 hours; packed, its points take a few hundred rows,
which read much faster. Duplicate detection still works, since a pack covers the sequence numbers of its batches.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from monitor.metrics.ingest.writer import Writer
from monitor.metrics.log.columns import Columns
from monitor.metrics.log.pack_codec import encode_pack
from monitor.metrics.log.store import LoggedBatch, batch_table, read_batches
from pegbox.schemas.runs.run import TERMINAL_STATUSES
from pegbox.store.tables import Run

PACK_ROWS = 256
PACK_POINTS = 16_384
"""Maximum points per pack: one megabyte with five metrics, written in a few milliseconds."""

_run = Run.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Pack:
    """Consecutive batches of one run and one writer that become one row."""

    batches: list[LoggedBatch] = field(default_factory=list)
    points: int = 0

    def can_append(self, batch: LoggedBatch) -> bool:
        """Whether the batch continues this pack."""
        if batch.rewind_to is not None or self.last.rewind_to is not None:
            return False
        follows = (batch.writer, batch.sequence) == (self.last.writer, self.last.sequence + 1)
        return follows and self.points + len(batch.columns) <= PACK_POINTS

    def add(self, batch: LoggedBatch) -> None:
        self.batches.append(batch)
        self.points += len(batch.columns)

    @property
    def last(self) -> LoggedBatch:
        return self.batches[-1]

    def row(self) -> dict[str, object]:
        """The row of `metric_batch` that replaces the batches."""
        seqs = array("q")
        for batch in self.batches:
            seqs.extend(range(batch.first_seq, batch.first_seq + len(batch.columns)))
        return {
            "first_seq": self.last.first_seq,
            "count": self.last.count,
            "run_id": self.last.run_id,
            "writer": self.last.writer,
            "sequence": self.last.sequence,
            "rewind_to": None,
            "span": len(self.batches) - 1,
            "payload": encode_pack(seqs, Columns.join([batch.columns for batch in self.batches])),
        }


def compact_runs(engine: Engine, writer: Writer) -> Iterator[str]:
    """Compacts all runs, one transaction per iteration. Yields the id of the run after each transaction."""
    for run_id, is_over, packed_seq in _candidates(engine):
        after: int | None = packed_seq
        while after is not None:
            after = _compact_next_rows(engine, writer, run_id, after, is_over=is_over)
            yield run_id


def _candidates(engine: Engine) -> list[tuple[str, bool, int]]:
    query = select(_run.c.id, _run.c.status, _run.c.packed_seq).where(_run.c.last_seq > _run.c.packed_seq)
    with engine.connect() as connection:
        return [(row.id, row.status in TERMINAL_STATUSES, row.packed_seq) for row in connection.execute(query)]


def _compact_next_rows(engine: Engine, writer: Writer, run_id: str, after: int, *, is_over: bool) -> int | None:
    """Packs the next rows after the cursor. Returns the new cursor; None when too few rows are left or the end is reached."""
    remaining = (batch_table.c.run_id == run_id) & (batch_table.c.first_seq > after)
    with engine.connect() as connection:
        waiting = connection.execute(
            select(func.count()).select_from(
                select(batch_table.c.first_seq).where(remaining).limit(PACK_ROWS).subquery()
            )
        ).scalar_one()
        if not waiting or (waiting < PACK_ROWS and not is_over):
            return None
        batches = list(read_batches(connection, run_id, after, PACK_ROWS))
    packs = _group_into_packs(batches)
    if not is_over and waiting >= PACK_ROWS and len(packs) > 1:
        packs.pop()  # more batches may be appended later
    reached = packs[-1].last.last_seq if packs else after
    if reached <= after:  # only damaged rows are left, which cannot be packed
        return None
    writer.call(lambda connection: _replace_rows(connection, run_id, packs, reached))
    return reached


def _group_into_packs(batches: list[LoggedBatch]) -> list[Pack]:
    packs: list[Pack] = []
    for batch in batches:
        if not packs or not packs[-1].can_append(batch):
            packs.append(Pack())
        packs[-1].add(batch)
    return packs


def _replace_rows(connection: Connection, run_id: str, packs: list[Pack], reached: int) -> None:
    for pack in packs:
        if len(pack.batches) < 2:
            continue
        first_seqs = [batch.first_seq for batch in pack.batches]
        deleted = connection.execute(delete(batch_table).where(batch_table.c.first_seq.in_(first_seqs)))
        if deleted.rowcount != len(first_seqs):
            raise RuntimeError(f"the log of run {run_id} changed while it was packed")
        connection.execute(insert(batch_table), [pack.row()])
    connection.execute(update(_run).where(_run.c.id == run_id).values(packed_seq=reached))
