"""The order of the queue: which job a claim gets, with which GPUs, and why every other job waits.

Jobs run by priority, then by time in the queue. Among jobs with GPUs the first job that a worker can run reserves the free devices:
while the job waits for enough of them, no later job takes one, so that small jobs never starve a large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, and_, col, func, or_, select

from backend.gpu_leases import service as gpu_leases
from backend.jobs import dependencies
from backend.jobs.dependencies import has_unmet_dependencies
from backend.jobs.kinds import KINDS, kind_of
from backend.workers.service import devices_of, list_live_workers
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.job import QueuePlace
from pegbox.schemas.jobs.queue import Capabilities, ClaimRequest, Device
from pegbox.store.tables import Job, Worker, now

MAX_CANDIDATES = 100
"""Jobs considered for one claim: only jobs that name devices of another machine are skipped."""

NO_WORKER = "No worker is running (pegbox worker)"


@dataclass(frozen=True)
class NextJob:
    """A job that can start, and the devices for the job."""

    job: Job
    devices: list[Device]


def choose_next_job(db: Session, body: ClaimRequest, *, lock: bool = False) -> NextJob | None:
    """The next job for a worker in a lane; `None` if the worker has to wait. With `lock`, no other claim gets the job."""
    capabilities = body.capabilities
    if body.lane != "gpu":
        found = _find_ready(db, body, gpus=0, limit=1, lock=lock)
        return NextJob(found[0], []) if found else None
    free = gpu_leases.free_devices(db, capabilities.devices)
    if not free:
        return None
    for job in _find_ready(db, body, gpus=len(capabilities.devices), limit=MAX_CANDIDATES, lock=lock):
        if not _has_wanted_devices(job, capabilities.devices):
            continue
        devices = _eligible(job, free)[: job.gpu_count]
        return NextJob(job, devices) if len(devices) == job.gpu_count else None
    return None


def place_of(db: Session, job: Job) -> QueuePlace | None:
    """Position and reason of a queued job; `None` for other jobs."""
    if job.state != "queued":
        return None
    position = _count(db, Job.state == "queued", _is_before(job)) + 1
    return QueuePlace(position=position, reason=_reason(db, job, list_live_workers(db)))


def list_queue(db: Session, *, limit: int, offset: int) -> list[tuple[Job, QueuePlace]]:
    """A page of the queue in its order."""
    query = select(Job).where(Job.state == "queued").order_by(*_order()).limit(limit).offset(offset)
    jobs = db.exec(query).all()
    workers = list_live_workers(db)
    return [
        (job, QueuePlace(position=offset + number, reason=_reason(db, job, workers)))
        for number, job in enumerate(jobs, 1)
    ]


def _order() -> tuple[Any, ...]:
    return col(Job.priority).desc(), col(Job.queued_at), col(Job.uid)


def _is_before(job: Job) -> Any:
    """SQL: whether a `Job` of the query is ahead of this job in `_order`."""
    earlier = and_(col(Job.queued_at) == job.queued_at, col(Job.uid) < job.uid)
    return or_(
        col(Job.priority) > job.priority,
        and_(col(Job.priority) == job.priority, or_(col(Job.queued_at) < job.queued_at, earlier)),
    )


def _is_ready() -> Any:
    """SQL: whether a `Job` of the query may start: queued, no retry time ahead, no dependency that has not completed."""
    return and_(
        Job.state == "queued",
        or_(col(Job.retry_at).is_(None), col(Job.retry_at) <= now()),
        ~has_unmet_dependencies(),
    )


def _find_ready(db: Session, body: ClaimRequest, *, gpus: int, limit: int, lock: bool) -> list[Job]:
    """Ready jobs in the lane that the worker can run with 1 to `gpus` GPUs (0: jobs without GPUs), in their order.

    With `lock`, rows that another claim holds are skipped.
    """
    kinds = [kind for kind in KINDS.values() if body.lane in ("gpu", kind.lane)]
    count = col(Job.gpu_count).between(1, gpus) if gpus else col(Job.gpu_count) == 0
    can_run = or_(*(and_(col(Job.kind) == kind.name, kind.is_runnable_by(body.capabilities)) for kind in kinds))
    query = select(Job).where(_is_ready(), count, can_run).order_by(*_order()).limit(limit)
    if lock:
        query = query.with_for_update(skip_locked=True, of=Job).execution_options(populate_existing=True)
    return list(db.exec(query).all())


def _eligible(job: Job, devices: Sequence[Device]) -> list[Device]:
    """The devices that the job accepts: those that it names, in its order, otherwise all."""
    if not job.wanted_devices:
        return list(devices)
    by_name = {name: device for device in devices for name in (device.uuid, str(device.index))}
    return [by_name[name] for name in job.wanted_devices if name in by_name]


def _has_wanted_devices(job: Job, devices: Sequence[Device]) -> bool:
    return not job.wanted_devices or len(_eligible(job, devices)) == job.gpu_count


def _reason(db: Session, job: Job, workers: Sequence[Worker]) -> str:
    for other in dependencies.list_needed(db, [job]).get(job.uid, []):
        if other.state != "completed":
            return f"Waits for job {other.id or other.uid} ('{other.name}'), which is {other.state}"
    if job.retry_at is not None and job.retry_at > now():
        return f"Tries again at {utc_text(job.retry_at)} (retry {job.retries} of {job.max_retries})"
    if not workers:
        return NO_WORKER
    able = [worker for worker in workers if _can_run(worker, job)]
    if not able:
        return _no_able_worker(job)
    if job.gpu_count:
        return _gpu_reason(db, job, able)
    ahead = _count_ready_before(db, job)
    return f"Waits for its turn: {_jobs(ahead)} before it" if ahead else "Next in line: starts when a worker is free"


def _gpu_reason(db: Session, job: Job, able: Sequence[Worker]) -> str:
    eligible = [_eligible(job, devices_of(worker)) for worker in able]
    free = [len(gpu_leases.free_devices(db, devices)) for devices in eligible]
    best = max(range(len(able)), key=free.__getitem__)
    ahead = _count_ready_before(db, job)
    reason = f"Waits for {_gpus(job.gpu_count)}: {free[best]} of {len(eligible[best])} free"
    return f"{reason}, {_jobs(ahead)} before it" if ahead else reason


def _count_ready_before(db: Session, job: Job) -> int:
    """Ready jobs of the same lane that are ahead of this job."""
    lane = [kind.name for kind in KINDS.values() if kind.lane == kind_of(job).lane]
    same = col(Job.gpu_count) > 0 if job.gpu_count else and_(col(Job.gpu_count) == 0, col(Job.kind).in_(lane))
    return _count(db, same, _is_ready(), _is_before(job))


def _count(db: Session, *conditions: Any) -> int:
    return int(db.exec(select(func.count()).select_from(Job).where(*conditions)).one())


def _can_run(worker: Worker, job: Job) -> bool:
    capabilities = Capabilities.model_validate(worker.capabilities)
    if len(capabilities.devices) < job.gpu_count or not _has_wanted_devices(job, capabilities.devices):
        return False
    return kind_of(job).can_run(capabilities, job)


def _no_able_worker(job: Job) -> str:
    if job.gpu_count:
        return f"No worker that is present has {_gpus(job.gpu_count)} for such a job"
    return kind_of(job).no_worker_reason(job)


def _gpus(count: int) -> str:
    return "1 GPU" if count == 1 else f"{count} GPUs"


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
