"""The metric log: all SQL for batches, sample sets, events and media. Reads continue from a cursor (`seq`).

The log is append-only and the source of truth. Only `monitor.metrics.maintenance` rewrites rows: compaction merges batches into
packs, retention thins old runs. Histories in memory and summaries in run rows are derived from the log and can be rebuilt.
"""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, Table, delete, func, insert, select

from monitor.metrics.log.columns import Columns
from monitor.metrics.log.pack_codec import decode_pack
from monitor.metrics.log.records import Event, Media, SampleSet
from pegbox.store.tables import MetricBatch, RunEvent, RunMedia, RunSample

log = logging.getLogger(__name__)

STEP_BOUND_EVENTS = ("evaluation", "best", "checkpoint")
"""Events that describe a step: a rewind deletes them. Other events stay."""

batch_table = MetricBatch.__table__  # type: ignore[attr-defined]
_event = RunEvent.__table__  # type: ignore[attr-defined]
_media = RunMedia.__table__  # type: ignore[attr-defined]
_sample = RunSample.__table__  # type: ignore[attr-defined]
_positions = select(batch_table.c.first_seq, batch_table.c.count.label("records"))


@dataclass(slots=True)
class LoggedBatch:
    """A batch and its position in the log. Cursors ascend from `first_seq`: points, then sample sets, events, media."""

    first_seq: int
    run_id: str
    writer: str
    sequence: int
    rewind_to: int | None
    columns: Columns
    samples: Sequence[SampleSet] = field(default_factory=tuple)
    events: Sequence[Event] = field(default_factory=tuple)
    media: Sequence[Media] = field(default_factory=tuple)

    count: int = -1
    """Number of records. When read from the log, includes samples, events and media, which have their own tables."""

    record_ids: Sequence[int] | None = None
    """For foreign clients that do not number batches: a 64-bit deduplication id per record, points first. Related records share
    an id. The writer then assigns the sequence number of the batch."""

    seqs: array[int] | None = None
    """For a pack: the cursor of each point. Its other fields are those of the last packed batch."""

    def __post_init__(self) -> None:
        if self.count < 0:
            self.count = len(self.columns) + len(self.samples) + len(self.events) + len(self.media)

    def drop_records(self, known: AbstractSet[int]) -> None:
        """Drops the records with these ids."""
        if not known or self.record_ids is None:
            return
        keep = bytes(record_id not in known for record_id in self.record_ids)
        ends = [len(self.columns)]
        for records in (self.samples, self.events, self.media):
            ends.append(ends[-1] + len(records))
        self.columns = self.columns.select(keep[: ends[0]])
        self.samples = list(compress(self.samples, keep[ends[0] : ends[1]]))
        self.events = list(compress(self.events, keep[ends[1] : ends[2]]))
        self.media = list(compress(self.media, keep[ends[2] : ends[3]]))
        self.record_ids = list(compress(self.record_ids, keep))
        self.count = len(self.record_ids)

    @property
    def last_seq(self) -> int:
        return self.first_seq + max(self.count, 1) - 1

    @property
    def first_record_seq(self) -> int:
        """The cursor of the first record."""
        return self.seqs[0] if self.seqs else self.first_seq

    def seq_of(self, index: int) -> int:
        """Returns the cursor of the point at an index."""
        return self.first_seq + index if self.seqs is None else self.seqs[index]


def next_seq(connection: Connection) -> int:
    """Returns the next free cursor."""
    return _last_seq(connection.execute(_positions.order_by(batch_table.c.first_seq.desc()).limit(1)).first()) + 1


def last_seq_of_run(connection: Connection, run_id: str) -> int:
    """Returns the cursor of the run's newest record, 0 for a run without records. One index lookup."""
    query = _positions.where(batch_table.c.run_id == run_id).order_by(batch_table.c.first_seq.desc()).limit(1)
    return _last_seq(connection.execute(query).first())


def last_sequence(connection: Connection, run_id: str, writer: str) -> int:
    """Returns the highest sequence number of a writer in the log, -1 for none."""
    query = select(func.max(batch_table.c.sequence)).where(
        batch_table.c.run_id == run_id, batch_table.c.writer == writer
    )
    highest = connection.execute(query).scalar()
    return -1 if highest is None else int(highest)


def find_duplicate(connection: Connection, run_id: str, writer: str, sequence: int) -> int | None:
    """Returns the last cursor of the batch with this identity, or of the pack that contains it; None when not in the log."""
    query = (
        _positions.add_columns(batch_table.c.sequence - func.coalesce(batch_table.c.span, 0))
        .where(batch_table.c.run_id == run_id, batch_table.c.writer == writer, batch_table.c.sequence >= sequence)
        .order_by(batch_table.c.sequence)
        .limit(1)
    )
    position = connection.execute(query).first()
    return None if position is None or position[-1] > sequence else _last_seq(position)


def _last_seq(position: Row[Any] | None) -> int:
    """Returns the last cursor of a row, 0 for None. A batch without records still takes one cursor."""
    return 0 if position is None else int(position.first_seq) + max(int(position.records), 1) - 1


def append(connection: Connection, batches: Sequence[LoggedBatch]) -> None:
    """Inserts batches in log order. The caller commits."""
    rows = [
        {
            "first_seq": batch.first_seq,
            "count": batch.count,
            "run_id": batch.run_id,
            "writer": batch.writer,
            "sequence": batch.sequence,
            "rewind_to": batch.rewind_to,
            "payload": batch.columns.encode(),
        }
        for batch in batches
    ]
    connection.execute(insert(batch_table), rows)
    for batch in batches:
        if batch.rewind_to is not None:
            _delete_rewound(connection, batch)
        seq = batch.first_seq + len(batch.columns)
        for table, records in ((_sample, batch.samples), (_event, batch.events), (_media, batch.media)):
            if records:
                connection.execute(insert(table), [_row(batch, seq + k, record) for k, record in enumerate(records)])
            seq += len(records)


def _row(batch: LoggedBatch, seq: int, record: msgspec.Struct) -> dict[str, object]:
    """The row of a sample set, event or media; field names equal column names."""
    return {"seq": seq, "run_id": batch.run_id, **msgspec.to_builtins(record)}


def _delete_rewound(connection: Connection, batch: LoggedBatch) -> None:
    for table in (_sample, _media):
        connection.execute(delete(table).where(table.c.run_id == batch.run_id, table.c.step > batch.rewind_to))
    connection.execute(
        delete(_event).where(
            _event.c.run_id == batch.run_id, _event.c.step > batch.rewind_to, _event.c.kind.in_(STEP_BOUND_EVENTS)
        )
    )


def read_batches(
    connection: Connection, run_id: str, after: int = 0, limit: int | None = None
) -> Iterator[LoggedBatch]:
    """Yields the batches of a run with records after the cursor, in log order, without samples, events and media.

    Points of a pack up to the cursor are dropped. A damaged payload is logged as an error and skipped, so that one bad row does
    not hide a run.
    """
    of_run = batch_table.c.run_id == run_id
    query = (
        select(*batch_table.c, batch_table.c.count.label("records"))
        .where(of_run)
        .order_by(batch_table.c.first_seq)
        .limit(limit)
    )
    if after:
        # The batch at the cursor may extend past the cursor.
        at_cursor = (
            select(func.max(batch_table.c.first_seq)).where(of_run, batch_table.c.first_seq <= after).scalar_subquery()
        )
        query = query.where(batch_table.c.first_seq >= func.coalesce(at_cursor, 0))
    for row in connection.execute(query):
        if row.first_seq + max(row.records, 1) - 1 <= after:
            continue
        try:
            columns, seqs = decode_payload(row.payload, row.span)
        except (msgspec.DecodeError, ValueError):
            log.error("metric batch %s of run %s is damaged and left out", row.first_seq, run_id)
            continue
        if seqs is not None and seqs and seqs[0] <= after:
            known = bisect_right(seqs, after)
            columns, seqs = columns.select(bytes(known) + b"\1" * (len(seqs) - known)), seqs[known:]
        yield LoggedBatch(
            row.first_seq, run_id, row.writer, row.sequence, row.rewind_to, columns, count=row.records, seqs=seqs
        )


def read_rewinds(connection: Connection, run_id: str, after: int) -> list[tuple[int, int]]:
    """Returns the rewinds after the cursor in log order, as (cursor, last step that is kept)."""
    query = (
        select(batch_table.c.first_seq, batch_table.c.rewind_to)
        .where(batch_table.c.run_id == run_id, batch_table.c.first_seq > after, batch_table.c.rewind_to.is_not(None))
        .order_by(batch_table.c.first_seq)
    )
    return [(row.first_seq, row.rewind_to) for row in connection.execute(query)]


def decode_payload(payload: bytes, span: int | None) -> tuple[Columns, array[int] | None]:
    """Returns the points of a row and, for a pack, their cursors. Raises `msgspec.DecodeError` or `ValueError` when damaged."""
    if span is None:
        return Columns.decode(payload), None
    seqs, columns = decode_pack(payload)
    return columns, seqs


def read_samples(connection: Connection, run_id: str, after: int = 0, limit: int = 1000) -> list[RunSample]:
    """Returns sample sets of a run after the cursor, oldest first."""
    return [RunSample(**row._mapping) for row in connection.execute(_after_cursor(_sample, run_id, after, limit))]


def read_events(connection: Connection, run_id: str, after: int = 0, limit: int = 1000) -> list[RunEvent]:
    """Returns events of a run after the cursor, oldest first."""
    return [RunEvent(**row._mapping) for row in connection.execute(_after_cursor(_event, run_id, after, limit))]


def read_media(
    connection: Connection, run_id: str, after: int = 0, limit: int = 1000, name: str | None = None
) -> list[RunMedia]:
    """Returns histograms, texts and tables of a run after the cursor, oldest first."""
    query = _after_cursor(_media, run_id, after, limit)
    if name is not None:
        query = query.where(_media.c.name == name)
    return [RunMedia(**row._mapping) for row in connection.execute(query)]


def _after_cursor(table: Table, run_id: str, after: int, limit: int) -> Select[Any]:
    return select(table).where(table.c.run_id == run_id, table.c.seq > after).order_by(table.c.seq).limit(limit)
