"""Queries on the queue: what waits, what runs, what has expired."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from pegbox.store.tables import Job

CANDIDATES = 200


def has_queued(db: Session) -> bool:
    return db.exec(select(Job.uid).where(Job.state == "queued").limit(1)).first() is not None


def list_queued(db: Session) -> list[Job]:
    """The next jobs in turn: higher priority first, then the one that waits longest. Rows of other claims are skipped."""
    query = (
        select(Job)
        .where(Job.state == "queued")
        .order_by(col(Job.priority).desc(), col(Job.queued_at), col(Job.uid))
        .limit(CANDIDATES)
        .with_for_update(skip_locked=True)
    )
    return list(db.exec(query.execution_options(populate_existing=True)).all())


def list_expired(db: Session, moment: datetime) -> list[str]:
    """Uids of running jobs whose lease has run out."""
    query = select(Job.uid).where(Job.state == "running", col(Job.lease_expires_at) < moment)
    return list(db.exec(query).all())


def list_running(db: Session) -> list[Job]:
    return list(db.exec(select(Job).where(Job.state == "running").with_for_update()).all())
