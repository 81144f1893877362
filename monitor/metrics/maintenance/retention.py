"""Retention: of runs that ended long ago, only chosen points are kept.

Every metric is cut into `BUCKETS` stretches of equally many points; of each stretch the first, the last, the smallest and the
greatest point stay, and everything that is not finite. So a chart of the whole run keeps its outline, spikes and NaNs
included; what is gone cannot be zoomed into, and a mean is the mean of what is left.
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
from monitor.metrics.maintenance.compaction import OVER
from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.history_cache import Histories
from pegbox.store.tables import Run, now

BUCKETS = 1_000
ROWS = 10
"""Rows rewritten in one transaction."""

_run = Run.__table__  # type: ignore[attr-defined]


def thin_runs(engine: Engine, writer: Writer, histories: Histories, keep_days: float) -> Iterator[str]:
    """Thins out runs that ended more than `keep_days` ago, one after the other; yields the id of each."""
    for run_id in _candidates(engine, now() - timedelta(days=keep_days)):
        chosen = _choose(histories, run_id)
        after: int | None = 0
        while after is not None:
            after = _step(engine, writer, run_id, after, chosen)
        writer.call(partial(_mark, run_id=run_id))
        histories.forget(run_id)
        yield run_id


def _candidates(engine: Engine, ended_before: datetime) -> list[str]:
    query = select(_run.c.id).where(
        _run.c.status.in_(OVER),
        _run.c.finished_at < ended_before,
        or_(_run.c.thinned_at.is_(None), _run.c.thinned_at < _run.c.finished_at),
    )
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def _choose(histories: Histories, run_id: str) -> set[int]:
    """The cursors of the points that stay."""
    chosen: set[int] = set()
    with histories.reading(run_id) as history:
        for name in history.names:
            series = history.series(name)
            if series is not None:
                chosen.update(series.seqs[_outline(series.values)].tolist())
    return chosen


def _outline(values: Floats) -> Ints:
    """Indexes of the points that draw the same outline."""
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


def _step(engine: Engine, writer: Writer, run_id: str, after: int, chosen: set[int]) -> int | None:
    """Rewrites the next rows behind the cursor; the cursor reached, None at the end."""
    with engine.connect() as connection:
        batches = list(read_batches(connection, run_id, after, ROWS))
    if not batches:
        return None
    rows = [row for batch in batches if (row := _thinned(batch, chosen))]
    if rows:
        writer.call(lambda connection: _rewrite(connection, rows))
    return batches[-1].last_seq


def _thinned(batch: LoggedBatch, chosen: set[int]) -> dict[str, object] | None:
    """The row's key and new payload, None when it stays as it is."""
    seqs = [batch.seq_of(index) for index in range(len(batch.columns))]
    kept = [seq for seq in seqs if seq in chosen]
    if len(kept) == len(seqs):
        return None
    keep = bytes(seq in chosen for seq in seqs)
    return {"key": batch.first_seq, "payload": encode_pack(kept, batch.columns.pick(keep))}


def _rewrite(connection: Connection, rows: list[dict[str, object]]) -> None:
    query = update(batch_table).where(batch_table.c.first_seq == bindparam("key"))
    connection.execute(query.values(span=func.coalesce(batch_table.c.span, 0), payload=bindparam("payload")), rows)


def _mark(connection: Connection, run_id: str) -> None:
    connection.execute(update(_run).where(_run.c.id == run_id).values(thinned_at=now()))
