"""Ends a claim: by the worker's report, or by an interruption without a report."""

from __future__ import annotations

from sqlmodel import Session

from backend.jobs import lifecycle
from backend.jobs.kinds import kind_of
from backend.jobs.service import find_locked_job
from backend.jobs.transition import move, state_of
from backend.workers import service as workers
from pegbox.errors import LeaseLostError
from pegbox.schemas.jobs.queue import ReportRequest
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.store.tables import Job

AFTER_SAVING: dict[str, lifecycle.Verb] = {"run": "interrupt", "pause": "pause", "cancel": "cancel"}
"""The verb after a worker has saved and stopped, by the requested action, which can have changed since the worker stopped."""


def report(db: Session, uid: str, body: ReportRequest, max_stalled_attempts: int) -> str:
    """Applies a worker's report and returns the state of the job. A repeated report has no effect; a stale claim raises
    `LeaseLostError`."""
    job = find_locked_job(db, uid)
    if job is None:
        raise LeaseLostError("There is no such job any more")
    if body.claim_token == job.reported_token:
        return job.state
    if body.claim_token != job.claim_token:
        raise LeaseLostError("This claim is no longer valid: the job was taken over, or has ended")
    job.reported_token = body.claim_token
    if job.state not in TERMINAL_STATES:
        _apply(db, job, body, max_stalled_attempts)
    workers.record_released(db, job.worker_id, job.uid)
    job.claim_token = None  # a late heartbeat of this claim must not revive the job
    db.add(job)
    db.commit()
    return job.state


def interrupt(db: Session, job: Job, reason: str, max_stalled_attempts: int) -> None:
    """Ends an attempt that did not report; its kind decides what follows. The caller commits.

    The claim stays the newest until another claim of the job, so that a worker that was only disconnected can continue.
    """
    _move(db, job, kind_of(job).after_interruption(job, reason, max_stalled_attempts))
    workers.record_released(db, job.worker_id, job.uid)


def _apply(db: Session, job: Job, body: ReportRequest, max_stalled_attempts: int) -> None:
    job.step = job.step if body.step is None else body.step
    job.exit_code = body.exit_code
    kind = kind_of(job)
    kind.keep_report(db, job, body)
    if body.outcome == "declined":
        job.attempt -= 1
        _move(db, job, "cancel" if job.wanted == "cancel" else "interrupt")
    elif body.outcome == "interrupted":
        if job.state == "running":
            interrupt(db, job, body.error or "the trainer was killed", max_stalled_attempts)
    elif body.outcome == "paused":
        _move(db, job, AFTER_SAVING[job.wanted])
    elif body.outcome == "cancelled":
        _move(db, job, "cancel")
    elif body.outcome == "failed":
        job.error = body.error or "The job failed without saying why; see the log"
        _move(db, job, kind.after_failure(job))
    else:
        job.error = None
        _move(db, job, "complete")


def _move(db: Session, job: Job, verb: lifecycle.Verb) -> None:
    """Moves the job if its state allows the verb. A job that was paused while its worker was disconnected stays paused."""
    if lifecycle.can(state_of(job), verb):
        move(db, job, verb)
