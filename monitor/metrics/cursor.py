"""How far the log of a run goes."""

from __future__ import annotations

from sqlalchemy import Connection, select

from pegbox.store.tables import MetricBatch

_batch = MetricBatch.__table__  # type: ignore[attr-defined]


def newest_cursor(connection: Connection, run_id: str) -> int:
    """The cursor of the run's newest record, 0 when it has none. One look into the index, no payload."""
    query = (
        select(_batch.c.first_seq, _batch.c.count.label("records"))
        .where(_batch.c.run_id == run_id)
        .order_by(_batch.c.first_seq.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return 0 if row is None else int(row.first_seq) + max(int(row.records), 1) - 1
