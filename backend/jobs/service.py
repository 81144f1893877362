"""Creates, starts, pauses, resumes, cancels, archives and deletes jobs."""

from __future__ import annotations

import shutil
from typing import Any

from sqlmodel import Session

from backend.jobs import dependencies, lifecycle, repository
from backend.jobs.counts import count_by_state
from backend.jobs.kinds import KINDS, kind_of
from backend.jobs.transition import move, state_of
from pegbox.errors import ConflictError
from pegbox.settings import Settings
from pegbox.store.tables import Job, now

find_job = repository.find_job
find_locked_job = repository.lock_job
get_job = repository.get_job


def count_jobs(db: Session, state: str | None = None) -> int:
    """The number of jobs, in one state or in all."""
    counts = count_by_state(db)
    return sum(counts.values()) if state is None else counts.get(state, 0)


def create_job(db: Session, settings: Settings, body: Any, *, strict: bool = False) -> Job:
    """Stores a job from the request of its kind, and queues the job if its references resolve. See `Kind.create`."""
    return KINDS[body.kind].create(db, settings, body, strict=strict)


def start_job(db: Session, settings: Settings, uid: str) -> Job:
    """Queues a created or paused job. Raises `ConflictError`, or `ValidationError` if references do not resolve."""
    job = get_job(db, uid)
    if not lifecycle.can(state_of(job), "start"):
        raise ConflictError(f"A job that is {job.state} cannot be started")
    if job.archived_at:
        raise ConflictError("An archived job cannot be started; restore it first")
    if job.state == "paused":
        return resume_job(db, uid)
    return kind_of(job).queue(db, settings, uid)


def pause_job(db: Session, uid: str) -> Job:
    """Pauses a queued job immediately, a running job after it has saved. Raises `ConflictError` for a kind that cannot save."""
    job = repository.lock_existing(db, uid)
    following = lifecycle.next_state(state_of(job), "pause")
    if job.state == "running" and not kind_of(job).pauses_while_running:
        raise ConflictError(f"A running {job.kind} cannot be paused; cancel it, and restart it later")
    if job.state == "running":
        if job.wanted == "cancel":
            raise ConflictError("The job is being cancelled")
        job.wanted = "pause"
    else:
        job.state, job.wanted = following, "pause"
    return repository.save(db, job)


def resume_job(db: Session, uid: str) -> Job:
    """Queues a paused job again; a running job that was about to pause continues."""
    job = repository.lock_existing(db, uid)
    if job.state == "running" and job.wanted == "pause":
        job.wanted = "run"
        return repository.save(db, job)
    job.state = lifecycle.next_state(state_of(job), "resume")
    job.wanted, job.queued_at, job.stalled_attempts = "run", now(), 0
    job.claim_token, job.lease_expires_at = None, None
    return repository.save(db, job)


def cancel_job(db: Session, uid: str) -> Job:
    """Ends a job: a waiting job immediately, a running job when its worker receives the request."""
    job = repository.lock_existing(db, uid)
    lifecycle.next_state(state_of(job), "cancel")
    job.wanted = "cancel"
    if job.state != "running":
        move(db, job, "cancel")
    return repository.save(db, job)


def archive_job(db: Session, uid: str, *, archived: bool) -> Job:
    """Hides a job that has ended or never started from the dashboard's list, or shows it again. Raises `ConflictError`."""
    job = repository.lock_existing(db, uid)
    if archived and not lifecycle.is_idle(state_of(job)):
        raise ConflictError(f"Job '{uid}' is {job.state}; only a job that has ended or never started can be archived")
    job.archived_at = (job.archived_at or now()) if archived else None
    return repository.save(db, job)


def delete_job(db: Session, settings: Settings, uid: str) -> None:
    """Deletes a job that has ended or never started, with its folder; its registered model stays. Raises `ConflictError`."""
    job = repository.lock_existing(db, uid)
    if not lifecycle.is_idle(state_of(job)):
        raise ConflictError(f"Job '{uid}' is {job.state}; cancel it first")
    if dependencies.has_dependents(db, job):
        raise ConflictError(f"Other jobs wait for job '{uid}'; cancel them first")
    dependencies.delete_dependencies(db, job)
    db.delete(job)
    db.commit()
    shutil.rmtree(settings.jobs_dir / job.uid, ignore_errors=True)
