"""Queries on claimed jobs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from pegbox.store.tables import Job


def find_claimed(db: Session, worker_id: str, claim_token: str) -> Job | None:
    """The running job that this worker claimed with this token."""
    query = select(Job).where(Job.claim_token == claim_token, Job.worker_id == worker_id, Job.state == "running")
    return db.exec(query).first()


def list_expired(db: Session, moment: datetime) -> list[str]:
    """Uids of running jobs whose lease has run out."""
    query = select(Job.uid).where(Job.state == "running", col(Job.lease_expires_at) < moment)
    return list(db.exec(query).all())


def list_running(db: Session) -> list[Job]:
    return list(db.exec(select(Job).where(Job.state == "running").with_for_update()).all())
