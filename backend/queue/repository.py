"""Queries on the queue: what waits, what runs, what has expired."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, and_, col, false, or_, select

from backend.jobs.dependencies import is_held_up
from pegbox.schemas.jobs.queue import ClaimRequest
from pegbox.store.tables import Job, now


def find_waiting(db: Session, body: ClaimRequest, *, gpus: int, limit: int, lock: bool) -> list[Job]:
    """Jobs that may begin and that the worker can run with up to `gpus` GPUs (0: those that want none), in their turn.

    With `lock`, rows that another claim holds are skipped.
    """
    wants = col(Job.gpu_count).between(1, gpus) if gpus else col(Job.gpu_count) == 0
    query = (
        select(Job)
        .where(
            Job.state == "queued",
            wants,
            or_(col(Job.retry_at).is_(None), col(Job.retry_at) <= now()),
            _can_run(body),
            ~is_held_up(),
        )
        .order_by(col(Job.priority).desc(), col(Job.queued_at), col(Job.uid))
        .limit(limit)
    )
    if lock:
        query = query.with_for_update(skip_locked=True, of=Job).execution_options(populate_existing=True)
    return list(db.exec(query).all())


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


def _can_run(body: ClaimRequest) -> Any:
    able = body.capabilities
    trains = and_(col(Job.kind) == "finetune", col(Job.hyperparameters)["method"].as_string().in_(able.methods))
    commands = col(Job.kind) == "command" if able.commands else false()
    return {"training": trains, "command": commands, "gpu": or_(trains, commands)}[body.lane]
