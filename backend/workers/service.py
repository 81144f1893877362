"""Presence, capabilities and current jobs of workers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from backend.workers import repository
from pegbox.errors import NotFoundError
from pegbox.schemas.jobs.hyperparameters import Method
from pegbox.schemas.jobs.queue import Capabilities, ClaimRequest, Device
from pegbox.store.database import begin_write
from pegbox.store.tables import Worker, now

PRESENT_SECONDS = 60.0
"""A worker is live for this long after its last request."""

RETENTION_DAYS = 7


def list_live_workers(db: Session) -> list[Worker]:
    """Live workers, most recently seen first."""
    return repository.list_workers(db, present_since())


def present_since() -> datetime:
    """Workers seen at or after this time are live."""
    return now() - timedelta(seconds=PRESENT_SECONDS)


def unsupported_reason(db: Session, method: Method) -> str | None:
    """Why no live worker can run the method.

    `None` if a worker can run the method, if there is no live worker, or if a worker is still detecting its capabilities.
    """
    reasons: list[str] = []
    for worker in list_live_workers(db):
        capabilities = Capabilities.model_validate(worker.capabilities)
        if method in capabilities.methods or capabilities.is_warming:
            return None
        name = worker.hostname or worker.id
        reasons.append(capabilities.refusals.get(method) or f"worker {name} does not support it")
    return "; ".join(dict.fromkeys(reasons)) or None


def record_idle(db: Session, body: ClaimRequest) -> Worker:
    """Records that a worker requests a job, with its capabilities. The caller commits."""
    worker = repository.find_worker(db, body.worker_id) or Worker(id=body.worker_id)
    worker.hostname = body.hostname
    worker.capabilities = body.capabilities.model_dump(mode="json")
    return _record_seen(db, worker, repository.find_job_of(db, worker.id))


def record_busy(db: Session, worker_id: str | None, job_uid: str) -> None:
    """Records that a worker runs a job. The caller commits."""
    if worker_id and (worker := repository.find_worker(db, worker_id)):
        _record_seen(db, worker, job_uid)


def record_released(db: Session, worker_id: str | None, job_uid: str) -> None:
    """Records that a worker no longer runs the job. The caller commits."""
    worker = repository.find_worker(db, worker_id) if worker_id else None
    if worker and worker.job_uid == job_uid:
        worker.job_uid = repository.find_job_of(db, worker.id, except_uid=job_uid)
        db.add(worker)


def remove_worker(db: Session, worker_id: str) -> None:
    """Deletes a worker that is stopping. Raises `NotFoundError`."""
    begin_write(db)
    worker = repository.find_worker(db, worker_id)
    if worker is None:
        raise NotFoundError(f"There is no worker '{worker_id}'")
    db.delete(worker)
    db.commit()


def devices_of(worker: Worker) -> list[Device]:
    """The GPUs that a worker offers to jobs."""
    return Capabilities.model_validate(worker.capabilities).devices


def delete_old_workers(db: Session) -> None:
    """Deletes workers that have not been seen for `RETENTION_DAYS`: a restarted worker can have a new id."""
    begin_write(db)
    repository.delete_workers(db, now() - timedelta(days=RETENTION_DAYS))
    db.commit()


def _record_seen(db: Session, worker: Worker, job_uid: str | None) -> Worker:
    worker.job_uid, worker.last_seen_at = job_uid, now()
    db.add(worker)
    return worker
