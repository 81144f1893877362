"""What is known of workers: signs of life, abilities, the job each holds."""

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
"""A worker that has been silent for longer counts as gone."""

FORGOTTEN_DAYS = 7


def list_live_workers(db: Session) -> list[Worker]:
    """Workers heard of lately, the newest sign of life first."""
    return repository.list_workers(db, present_since())


def present_since() -> datetime:
    """A worker heard of at or after this moment counts as present."""
    return now() - timedelta(seconds=PRESENT_SECONDS)


def refusal(db: Session, method: Method) -> str | None:
    """Why none of the present workers can run the method; `None` when one can, or when none is present to say or knows yet."""
    reasons: list[str] = []
    for worker in list_live_workers(db):
        capabilities = Capabilities.model_validate(worker.capabilities)
        if method in capabilities.methods or capabilities.is_warming:
            return None
        name = worker.hostname or worker.id
        reasons.append(capabilities.refusals.get(method) or f"worker {name} does not support it")
    return "; ".join(dict.fromkeys(reasons)) or None


def see_idle(db: Session, body: ClaimRequest) -> Worker:
    """Notes that a worker asks for work. The caller commits."""
    worker = repository.find_worker(db, body.worker_id) or Worker(id=body.worker_id)
    worker.hostname = body.hostname
    worker.capabilities = body.capabilities.model_dump(mode="json")
    return _note(db, worker, repository.find_job_of(db, worker.id))


def see_busy(db: Session, worker_id: str | None, job_uid: str) -> None:
    """Notes that a worker is at a job. The caller commits."""
    if worker_id and (worker := repository.find_worker(db, worker_id)):
        _note(db, worker, job_uid)


def free(db: Session, worker_id: str | None, job_uid: str) -> None:
    """Notes that a worker no longer holds the job. The caller commits."""
    worker = repository.find_worker(db, worker_id) if worker_id else None
    if worker and worker.job_uid == job_uid:
        worker.job_uid = repository.find_job_of(db, worker.id, except_uid=job_uid)
        db.add(worker)


def leave(db: Session, worker_id: str) -> None:
    """A worker says that it takes no more work: from now on it is not present."""
    begin_write(db)
    worker = repository.find_worker(db, worker_id)
    if worker is None:
        raise NotFoundError(f"There is no worker '{worker_id}'")
    db.delete(worker)
    db.commit()


def devices_of(worker: Worker) -> list[Device]:
    """The GPUs that it hands out to jobs."""
    return Capabilities.model_validate(worker.capabilities).devices


def forget_workers(db: Session) -> None:
    """Drops workers not heard of for days: each start of a worker may bring a new id."""
    begin_write(db)
    repository.delete_workers(db, now() - timedelta(days=FORGOTTEN_DAYS))
    db.commit()


def _note(db: Session, worker: Worker, job_uid: str | None) -> Worker:
    worker.job_uid, worker.last_seen_at = job_uid, now()
    db.add(worker)
    return worker
