"""Queries on workers."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, delete, select

from pegbox.store.tables import Job, Worker

MAX_WORKERS = 200


def list_workers(db: Session, since: datetime | None = None) -> list[Worker]:
    """Workers seen at or after `since`, most recently seen first."""
    query = select(Worker).order_by(col(Worker.last_seen_at).desc()).limit(MAX_WORKERS)
    if since is not None:
        query = query.where(col(Worker.last_seen_at) >= since)
    return list(db.exec(query).all())


def delete_workers(db: Session, before: datetime) -> None:
    db.exec(delete(Worker).where(col(Worker.last_seen_at) < before))


def find_worker(db: Session, worker_id: str) -> Worker | None:
    return db.get(Worker, worker_id)


def find_job_of(db: Session, worker_id: str, except_uid: str = "") -> str | None:
    """The uid of the running job of a worker; if there are several, the job that started first."""
    query = select(Job.uid).where(Job.worker_id == worker_id, Job.state == "running", Job.uid != except_uid)
    return db.exec(query.order_by(col(Job.started_at), col(Job.uid)).limit(1)).first()
