"""Queries on resource samples."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Integer, Row, cast, delete, func, insert, select

from pegbox.store.tables import ResourceSample

_sample = ResourceSample.__table__  # type: ignore[attr-defined]

FULL_SECONDS = 3600
THINNING = ((FULL_SECONDS, 10), (24 * 3600, 60))
"""Pairs (age in seconds, interval in seconds): samples older than the age are thinned to one per interval."""


def insert_samples(connection: Connection, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(_sample), rows)


def thin(connection: Connection, now: float) -> None:
    """Deletes old samples: all are kept for an hour, then one per ten seconds, after a day one per minute."""
    for age, slot in THINNING:
        old = _sample.c.time < now - age
        kept = select(func.min(_sample.c.time)).where(old).group_by(cast(_sample.c.time / slot, Integer))
        connection.execute(delete(_sample).where(old, _sample.c.time.not_in(kept)))


def read_samples(connection: Connection, start: float, end: float, limit: int) -> list[Row[Any]]:
    """Returns samples between two times (Unix seconds), oldest first; thinned evenly to at most about `limit`."""
    within = (_sample.c.time >= start) & (_sample.c.time <= end)
    count = connection.execute(select(func.count()).select_from(_sample).where(within)).scalar_one()
    query = select(_sample).where(within).order_by(_sample.c.time)
    if count > limit:
        # One sample per time slot, so that gaps stay visible on the chart.
        slot = max((end - start) / limit, 1e-9)
        picked = select(func.max(_sample.c.time)).where(within).group_by(cast((_sample.c.time - start) / slot, Integer))
        query = query.where(_sample.c.time.in_(picked))
    return list(connection.execute(query))


def newest_time(connection: Connection) -> float:
    """Returns the Unix time of the newest sample, 0.0 for none."""
    return float(connection.execute(select(func.max(_sample.c.time))).scalar() or 0.0)
