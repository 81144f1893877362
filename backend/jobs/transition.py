"""Moves jobs between states. All jobs end here."""

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
    """Applies a verb of `lifecycle.TRANSITIONS`. The caller commits. Raises `ConflictError` if the state does not allow the verb.

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
        # A cancelled job keeps its token: the heartbeat response tells a worker that reconnects to stop.
        job.claim_token = None
    if job.state == "completed":
        return
    cause = f"Job {job.id or job.uid} ('{job.name}'), which it depends on, has {dependencies.describe_ending(job)}"
    verb: Verb = "fail" if job.state == "failed" else "cancel"
    for dependent in dependencies.list_dependents(db, job):
        if lifecycle.can(state_of(dependent), verb):
            dependent.error = cause
            move(db, dependent, verb)
