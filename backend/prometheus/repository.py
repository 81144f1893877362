"""Queries for the metrics."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select

from pegbox.store.tables import Job, Worker


def count_jobs(db: Session) -> dict[str, int]:
    """Jobs by state; states without a job are absent."""
    return dict(db.exec(select(Job.state, func.count()).group_by(Job.state)).all())


def oldest_queued_at(db: Session) -> datetime | None:
    """When the oldest queued job was queued; `None` for an empty queue."""
    return db.exec(select(func.min(Job.queued_at)).where(Job.state == "queued")).one()


def count_workers(db: Session, since: datetime) -> tuple[int, int]:
    """(workers seen since the moment, those of them with a job)"""
    query = select(func.count(), func.count(col(Worker.job_uid))).where(col(Worker.last_seen_at) >= since)
    present, busy = db.exec(query).one()
    return present, busy
