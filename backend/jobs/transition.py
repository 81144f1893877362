"""Moves a job to another state: the one place that ends a job."""

from __future__ import annotations

from typing import cast

from sqlmodel import Session

from backend.gpu_leases import service as gpu_leases
from backend.jobs import dependencies, lifecycle
from backend.jobs.lifecycle import Verb
from pegbox.schemas.jobs.state import TERMINAL_STATES, JobState
from pegbox.store.tables import Job, now


def state_of(job: Job) -> JobState:
    return cast(JobState, job.state)


def move(db: Session, job: Job, verb: Verb) -> None:
    """Follows the verb in the table of `lifecycle`. The caller commits. Raises `ConflictError` if the state does not allow it.

    A job that stops running loses its phase, its lease and its GPUs. A job that ends without completing also ends its dependents.
    """
    job.state = lifecycle.next_state(state_of(job), verb)
    if job.state != "running":
        job.phase = job.lease_expires_at = None
        gpu_leases.release(db, job)
    if job.state == "queued":
        job.wanted = "run"
    elif job.state in TERMINAL_STATES:
        _end(db, job)
    job.updated_at = now()
    db.add(job)


def _end(db: Session, job: Job) -> None:
    job.completed_at, job.retry_at = now(), None
    if job.state != "cancelled":
        job.claim_token = (
            None  # a worker that reconnects after a cancellation is told to stop by the answer to its heartbeat
        )
    if job.state == "completed":
        return
    cause = f"Job {job.id or job.uid} ('{job.name}'), which it depends on, has {dependencies.ended(job)}"
    verb: Verb = "fail" if job.state == "failed" else "cancel"
    for dependent in dependencies.list_dependents(db, job):
        if lifecycle.can(state_of(dependent), verb):
            dependent.error = cause
            move(db, dependent, verb)
