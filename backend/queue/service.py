"""Claims, heartbeats and expired leases. Module `settle` ends claims."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.experiments.placement import place_job
from backend.gpu_leases import service as gpu_leases
from backend.jobs import lifecycle
from backend.jobs.kinds import kind_of
from backend.jobs.service import find_locked_job
from backend.jobs.transition import state_of
from backend.queue import repository
from backend.queue.order import choose_next_job
from backend.queue.settle import interrupt
from backend.workers import service as workers
from backend.workers.service import list_live_workers as list_live_workers
from pegbox.errors import LeaseLostError
from pegbox.schemas.jobs.queue import (
    ClaimRequest,
    ClaimResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    Wanted,
)
from pegbox.settings import Settings
from pegbox.store.database import begin_write
from pegbox.store.tables import Job, now

EXPIRED = "The worker was lost: it stopped answering (killed, crashed or cut off)"


def has_work(db: Session, body: ClaimRequest) -> bool:
    """Whether a claim would get a job at this moment. Takes no lock."""
    if body.claim_token and repository.find_claimed(db, body.worker_id, body.claim_token):
        return True
    return choose_next_job(db, body) is not None


def claim_job(db: Session, settings: Settings, body: ClaimRequest) -> ClaimResponse | None:
    """Claims the next job that the worker can run and records that the worker is alive. A job has at most one claim.

    A request that repeats a token gets the same job again, because the first response was lost.
    """
    begin_write(db)
    worker = workers.record_idle(db, body)
    db.flush()  # jobs have a foreign key to the worker
    if body.claim_token and (job := repository.find_claimed(db, body.worker_id, body.claim_token)):
        _extend_lease(job, settings)
        return _claim_response(db, settings, job)
    candidate = choose_next_job(db, body, lock=True)
    if candidate is None or candidate.job.spec is None:
        db.commit()
        return None
    job = candidate.job
    job.state = lifecycle.next_state(state_of(job), "claim")
    job.attempt += 1
    job.claim_token = body.claim_token or secrets.token_urlsafe(24)
    job.worker_id = worker.id
    job.phase = kind_of(job).first_phase
    job.wanted = "run"
    job.retry_at = job.error = job.exit_code = None
    job.started_at = job.started_at or now()
    _extend_lease(job, settings)
    try:
        gpu_leases.grant(db, job, candidate.devices, worker.id)
    except IntegrityError:  # another worker with the same GPUs leased a device first; the next poll sees its lease
        db.rollback()
        return None
    workers.record_busy(db, worker.id, job.uid)
    return _claim_response(db, settings, job)


def _claim_response(db: Session, settings: Settings, job: Job) -> ClaimResponse:
    experiment = place_job(db, job.experiment_id, job.name)
    job.experiment_id = experiment.id
    db.add(job)
    db.commit()
    claim_fields = {
        "kind": kind_of(job).spec_kind,
        "attempt": job.attempt,
        "experiment": experiment.name,
        "devices": job.devices,
    }
    return ClaimResponse.model_validate(
        {
            "job": {**(job.spec or {}), **claim_fields},
            "claim_token": job.claim_token,
            "lease_seconds": settings.lease_seconds,
        }
    )


def record_heartbeat(db: Session, settings: Settings, uid: str, body: HeartbeatRequest) -> HeartbeatResponse:
    """Extends the lease of a claim and returns the requested action.

    A claim with an expired lease is revived unless the job was claimed again. Raises `LeaseLostError` for a stale claim.
    """
    job = find_locked_job(db, uid)
    if job is None or not _is_current_claim(job, body.claim_token) or job.state in ("completed", "failed"):
        raise LeaseLostError("This claim is no longer valid: the job was taken over, or has ended")
    workers.record_busy(db, job.worker_id, job.uid)
    if job.state in ("paused", "cancelled"):
        # Paused or cancelled while the worker was disconnected: the worker still has to stop its process.
        db.commit()
        wanted: Wanted = "pause" if job.state == "paused" else "cancel"
        return HeartbeatResponse(wanted=wanted, lease_seconds=settings.lease_seconds)
    if job.state == "queued":
        _revive(db, job)
    job.phase = body.phase
    job.step = job.step if body.step is None else body.step
    job.max_steps = body.max_steps or job.max_steps
    job.updated_at = now()
    _extend_lease(job, settings)
    db.add(job)
    db.commit()
    return HeartbeatResponse(wanted=cast(Wanted, job.wanted), lease_seconds=settings.lease_seconds)


def sweep_leases(db: Session, settings: Settings, moment: datetime | None = None) -> list[str]:
    """Interrupts the running jobs whose lease expired before `moment` (default: now). Returns their uids."""
    moment = moment or now()
    swept: list[str] = []
    for uid in repository.list_expired(db, moment):
        db.rollback()
        job = find_locked_job(db, uid)
        # A heartbeat may have extended the lease since the query.
        if job and job.state == "running" and job.lease_expires_at and job.lease_expires_at < moment:
            interrupt(db, job, EXPIRED, settings.max_stalled_attempts)
            swept.append(uid)
        db.commit()
    return swept


def renew_leases(db: Session, settings: Settings) -> None:
    """Extends the leases of all running jobs: workers could not send heartbeats while the backend was down."""
    begin_write(db)
    for job in repository.list_running(db):
        _extend_lease(job, settings)
        db.add(job)
    db.commit()


def get_claimed(db: Session, uid: str, claim_token: str) -> Job:
    """The job of a claim. Raises `LeaseLostError` if the claim is not valid."""
    job = db.get(Job, uid)
    if job is None or not _is_current_claim(job, claim_token):
        raise LeaseLostError("This claim is no longer valid: the job was taken over, or has ended")
    return job


def _revive(db: Session, job: Job) -> None:
    """Continues a job whose worker reconnected in time, with the same GPUs."""
    if not gpu_leases.regrant(db, job):
        raise LeaseLostError("The job's GPUs were given to another job meanwhile")
    job.state = lifecycle.next_state("queued", "revive")
    job.stalled_attempts = max(0, job.stalled_attempts - 1)
    if job.retry_at is not None:
        job.retries, job.retry_at = job.retries - 1, None


def _is_current_claim(job: Job, claim_token: str) -> bool:
    return bool(job.claim_token) and secrets.compare_digest(str(job.claim_token).encode(), claim_token.encode())


def _extend_lease(job: Job, settings: Settings) -> None:
    job.lease_expires_at = now() + timedelta(seconds=settings.lease_seconds)
    job.updated_at = now()
