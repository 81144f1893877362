"""Queries on the queue: what waits, what runs, what has expired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from pegbox.store.tables import Job


def has_queued(db: Session) -> bool:
    return db.exec(select(Job.uid).where(Job.state == "queued").limit(1)).first() is not None


def find_next(db: Session, methods: Sequence[str]) -> Job | None:
    """The next job in turn with one of these methods: higher priority first, then the one that waits longest.

    Rows that another claim holds are skipped.
    """
    query = (
        select(Job)
        .where(Job.state == "queued", col(Job.hyperparameters)["method"].as_string().in_(methods))
        .order_by(col(Job.priority).desc(), col(Job.queued_at), col(Job.uid))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return db.exec(query.execution_options(populate_existing=True)).first()


def list_expired(db: Session, moment: datetime) -> list[str]:
    """Uids of running jobs whose lease has run out."""
    query = select(Job.uid).where(Job.state == "running", col(Job.lease_expires_at) < moment)
    return list(db.exec(query).all())


def list_running(db: Session) -> list[Job]:
    return list(db.exec(select(Job).where(Job.state == "running").with_for_update()).all())
