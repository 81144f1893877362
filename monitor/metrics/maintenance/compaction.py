"""Puts small batches of the log together into packs, after the fact and in small transactions.

A training that logs four times a second leaves a row per batch: half a million in a day and a half. Packed, its points take a
few hundred rows and are read at the speed of memory. What counts as a repeated batch stays the same: a pack covers the
sequence numbers of what it holds.
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
from pegbox.store.tables import Run

PACK_ROWS = 256
PACK_POINTS = 16_384
"""Records in a pack at most: with five metrics one megabyte, written in a few milliseconds."""

OVER = ("finished", "failed", "cancelled")
_run = Run.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Pack:
    """Neighbouring batches of one run and one writer that become one row."""

    batches: list[LoggedBatch] = field(default_factory=list)
    points: int = 0

    def takes(self, batch: LoggedBatch) -> bool:
        """Whether a batch can go on from what is in it."""
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
        """The row of `metric_batch` that stands for all of them."""
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


def pack_runs(engine: Engine, writer: Writer) -> Iterator[str]:
    """Packs what there is to pack, one step per iteration, and yields the run each step was for."""
    for run_id, is_over, packed_seq in _candidates(engine):
        after: int | None = packed_seq
        while after is not None:
            after = _step(engine, writer, run_id, after, is_over=is_over)
            yield run_id


def _candidates(engine: Engine) -> list[tuple[str, bool, int]]:
    query = select(_run.c.id, _run.c.status, _run.c.packed_seq).where(_run.c.last_seq > _run.c.packed_seq)
    with engine.connect() as connection:
        return [(row.id, row.status in OVER, row.packed_seq) for row in connection.execute(query)]


def _step(engine: Engine, writer: Writer, run_id: str, after: int, *, is_over: bool) -> int | None:
    """Packs the next rows behind the cursor. Returns the cursor reached, None when the rest has to wait or nothing is left."""
    behind = (batch_table.c.run_id == run_id) & (batch_table.c.first_seq > after)
    with engine.connect() as connection:
        waiting = connection.execute(
            select(func.count()).select_from(select(batch_table.c.first_seq).where(behind).limit(PACK_ROWS).subquery())
        ).scalar_one()
        if not waiting or (waiting < PACK_ROWS and not is_over):
            return None
        batches = list(read_batches(connection, run_id, after, PACK_ROWS))
    packs = _gather(batches)
    if not is_over and waiting >= PACK_ROWS and len(packs) > 1:
        packs.pop()  # it may grow
    reached = packs[-1].last.last_seq if packs else after
    if reached <= after:  # damaged rows only: nothing can be done for them
        return None
    writer.call(lambda connection: _swap(connection, run_id, packs, reached))
    return reached


def _gather(batches: list[LoggedBatch]) -> list[Pack]:
    packs: list[Pack] = []
    for batch in batches:
        if not packs or not packs[-1].takes(batch):
            packs.append(Pack())
        packs[-1].add(batch)
    return packs


def _swap(connection: Connection, run_id: str, packs: list[Pack], reached: int) -> None:
    for pack in packs:
        if len(pack.batches) < 2:
            continue
        places = [batch.first_seq for batch in pack.batches]
        gone = connection.execute(delete(batch_table).where(batch_table.c.first_seq.in_(places)))
        if gone.rowcount != len(places):
            raise RuntimeError(f"the log of run {run_id} changed while it was packed")
        connection.execute(insert(batch_table), [pack.row()])
    connection.execute(update(_run).where(_run.c.id == run_id).values(packed_seq=reached))
