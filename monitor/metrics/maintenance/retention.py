"""Retention: thins the points of runs that ended long ago.

Each metric is cut into `BUCKETS` buckets of equally many points. The first, the last, the least and the greatest point of each
bucket stay, and all points that are not finite. A chart of the whole run keeps its outline with spikes and NaNs; the dropped
points are missing when zooming in, and means are computed from the remaining points.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, func, or_, select, update

from monitor.metrics.ingest.writer import Writer
from monitor.metrics.log.pack_codec import encode_pack
from monitor.metrics.log.store import LoggedBatch, batch_table, read_batches
from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.history_cache import HistoryCache
from pegbox.schemas.runs.run import TERMINAL_STATUSES
from pegbox.store.tables import Run, now

BUCKETS = 1_000
ROWS_PER_TRANSACTION = 10

_run = Run.__table__  # type: ignore[attr-defined]


def thin_runs(engine: Engine, writer: Writer, histories: HistoryCache, keep_days: float) -> Iterator[str]:
    """Thins the runs that ended more than `keep_days` ago. Yields the id of each run when done."""
    for run_id in _candidates(engine, now() - timedelta(days=keep_days)):
        kept_seqs = _select_points(histories, run_id)
        after: int | None = 0
        while after is not None:
            after = _thin_next_rows(engine, writer, run_id, after, kept_seqs)
        writer.call(partial(_mark_thinned, run_id=run_id))
        histories.evict(run_id)
        yield run_id


def _candidates(engine: Engine, ended_before: datetime) -> list[str]:
    query = select(_run.c.id).where(
        _run.c.status.in_(TERMINAL_STATUSES),
        _run.c.finished_at < ended_before,
        or_(_run.c.thinned_at.is_(None), _run.c.thinned_at < _run.c.finished_at),
    )
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def _select_points(histories: HistoryCache, run_id: str) -> set[int]:
    """Returns the cursors of the points to keep."""
    kept_seqs: set[int] = set()
    with histories.reading(run_id) as history:
        for name in history.names:
            series = history.series(name)
            if series is not None:
                kept_seqs.update(series.seqs[_outline_indexes(series.values)].tolist())
    return kept_seqs


def _outline_indexes(values: Floats) -> Ints:
    """Returns the indexes of the points that keep the outline of the series."""
    if len(values) <= 4 * BUCKETS:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), BUCKETS + 1).astype(np.int64)
    starts = edges[:-1]
    finite = np.isfinite(values)
    lowest, highest = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    stretches = list(zip(starts.tolist(), edges[1:].tolist(), strict=True))
    lows = [low + int(lowest[low:high].argmin()) for low, high in stretches]
    highs = [low + int(highest[low:high].argmax()) for low, high in stretches]
    return np.unique(np.concatenate([starts, edges[1:] - 1, lows, highs, np.flatnonzero(~finite)]))


def _thin_next_rows(engine: Engine, writer: Writer, run_id: str, after: int, kept_seqs: set[int]) -> int | None:
    """Rewrites the next rows after the cursor. Returns the new cursor, None at the end."""
    with engine.connect() as connection:
        batches = list(read_batches(connection, run_id, after, ROWS_PER_TRANSACTION))
    if not batches:
        return None
    rows = [row for batch in batches if (row := _thin_batch(batch, kept_seqs))]
    if rows:
        writer.call(lambda connection: _rewrite(connection, rows))
    return batches[-1].last_seq


def _thin_batch(batch: LoggedBatch, kept_seqs: set[int]) -> dict[str, object] | None:
    """Returns the key and the new payload of the row; None when the row keeps all its points."""
    seqs = [batch.seq_of(index) for index in range(len(batch.columns))]
    kept = [seq for seq in seqs if seq in kept_seqs]
    if len(kept) == len(seqs):
        return None
    keep = bytes(seq in kept_seqs for seq in seqs)
    return {"key": batch.first_seq, "payload": encode_pack(kept, batch.columns.select(keep))}


def _rewrite(connection: Connection, rows: list[dict[str, object]]) -> None:
    query = update(batch_table).where(batch_table.c.first_seq == bindparam("key"))
    connection.execute(query.values(span=func.coalesce(batch_table.c.span, 0), payload=bindparam("payload")), rows)


def _mark_thinned(connection: Connection, run_id: str) -> None:
    connection.execute(update(_run).where(_run.c.id == run_id).values(thinned_at=now()))
