"""Reads every batch of the log and says which cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine, select

from monitor.metrics.columns import Columns
from pegbox.store.tables import MetricBatch

PAGE = 500
_batch = MetricBatch.__table__  # type: ignore[attr-defined]


def find_damaged_batches(engine: Engine) -> list[str]:
    """One line per damaged batch."""
    return list(_damaged(engine))


def _damaged(engine: Engine) -> Iterator[str]:
    query = select(_batch.c.first_seq, _batch.c.run_id, _batch.c.payload).order_by(_batch.c.first_seq).limit(PAGE)
    after = -1
    with engine.connect() as connection:
        while rows := connection.execute(query.where(_batch.c.first_seq > after)).all():
            for row in rows:
                try:
                    columns = Columns.decode(row.payload)
                    lengths = {len(columns.times), *(len(column.values) for column in columns.metrics.values())}
                except (msgspec.DecodeError, ValueError) as error:
                    yield f"metric batch {row.first_seq} of run {row.run_id}: {error}"
                    continue
                if lengths != {len(columns)}:
                    yield f"metric batch {row.first_seq} of run {row.run_id}: its columns differ in length"
            after = rows[-1].first_seq
