"""Queries on resource samples, which the monitor writes."""

from __future__ import annotations

from sqlmodel import Session, col, select

from pegbox.store.tables import ResourceSample


def find_newest_sample(db: Session, since: float) -> ResourceSample | None:
    """The newest sample taken at or after a moment in Unix seconds."""
    query = select(ResourceSample).where(ResourceSample.time >= since).order_by(col(ResourceSample.time).desc())
    return db.exec(query.limit(1)).first()
