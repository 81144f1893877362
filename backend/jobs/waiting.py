"""Where a queued job stands in the queue, and what it waits for, in a sentence."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, and_, col, func, or_, select

from backend.gpu_leases import service as gpu_leases
from backend.jobs import dependencies
from backend.jobs.dependencies import is_held_up
from backend.workers.service import devices_of, list_live_workers
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.job import QueuePlace
from pegbox.schemas.jobs.queue import Capabilities
from pegbox.store.tables import Job, Worker, now


def place_of(db: Session, job: Job) -> QueuePlace | None:
    """`None` for a job that does not wait in the queue."""
    if job.state != "queued":
        return None
    return QueuePlace(position=_count_before(db, job) + 1, reason=_reason(db, job))


def list_queue(db: Session, *, limit: int, offset: int) -> list[tuple[Job, QueuePlace]]:
    """A page of the queue in its order."""
    query = select(Job).where(Job.state == "queued")
    query = query.order_by(col(Job.priority).desc(), col(Job.queued_at), col(Job.uid)).limit(limit).offset(offset)
    found = db.exec(query).all()
    return [(job, QueuePlace(position=offset + number, reason=_reason(db, job))) for number, job in enumerate(found, 1)]


def _count_before(db: Session, job: Job) -> int:
    return int(db.exec(select(func.count()).select_from(Job).where(Job.state == "queued", _is_before(job))).one())


def _is_before(job: Job) -> Any:
    earlier = and_(col(Job.queued_at) == job.queued_at, col(Job.uid) < job.uid)
    return or_(
        col(Job.priority) > job.priority,
        and_(col(Job.priority) == job.priority, or_(col(Job.queued_at) < job.queued_at, earlier)),
    )


def _reason(db: Session, job: Job) -> str:
    for other in dependencies.list_needed(db, [job]).get(job.uid, []):
        if other.state != "completed":
            return f"Waits for job {other.id or other.uid} ('{other.name}'), which is {other.state}"
    if job.retry_at is not None and job.retry_at > now():
        return f"Tries again at {utc_text(job.retry_at)} (retry {job.retries} of {job.max_retries})"
    workers = list_live_workers(db)
    if not workers:
        return "No worker is running (pegbox worker)"
    able = [worker for worker in workers if _can_run(worker, job)]
    if not able:
        return _nobody(job)
    if job.gpu_count:
        return _gpu_reason(db, job, able)
    ahead = _count_ready_before(db, job)
    return f"Waits for its turn: {_jobs(ahead)} before it" if ahead else "Next in line: starts when a worker is free"


def _gpu_reason(db: Session, job: Job, able: list[Worker]) -> str:
    most = max(able, key=lambda worker: len(gpu_leases.free_devices(db, devices_of(worker))))
    devices = devices_of(most)
    free = len(gpu_leases.free_devices(db, devices))
    ahead = _count_ready_before(db, job)
    wants = f"Waits for {job.gpu_count} GPU{'' if job.gpu_count == 1 else 's'}: {free} of {len(devices)} free"
    return f"{wants}, {_jobs(ahead)} before it" if ahead else wants


def _count_ready_before(db: Session, job: Job) -> int:
    """Jobs of the same lane that go first."""
    same = col(Job.gpu_count) > 0 if job.gpu_count else and_(col(Job.gpu_count) == 0, Job.kind == job.kind)
    ready = or_(col(Job.retry_at).is_(None), col(Job.retry_at) <= now())
    query = (
        select(func.count()).select_from(Job).where(Job.state == "queued", same, ready, ~is_held_up(), _is_before(job))
    )
    return int(db.exec(query).one())


def _can_run(worker: Worker, job: Job) -> bool:
    able = Capabilities.model_validate(worker.capabilities)
    if len(able.devices) < job.gpu_count:
        return False
    return able.commands if job.kind == "command" else job.hyperparameters.get("method") in able.methods


def _nobody(job: Job) -> str:
    if job.gpu_count:
        return f"No worker that is present has {job.gpu_count} GPU{'' if job.gpu_count == 1 else 's'} for such a job"
    if job.kind == "command":
        return "No worker that is present runs commands (pegbox worker --slots 2)"
    return f"No worker that is present trains with method '{job.hyperparameters.get('method')}'"


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
