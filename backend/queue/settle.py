"""How a claim ends: the worker's report, or an interruption that nobody reported."""

from __future__ import annotations

from typing import cast

from sqlmodel import Session

from backend.gpu_leases import service as gpu_leases
from backend.jobs import lifecycle
from backend.jobs.dependencies import end_dependents
from backend.jobs.service import find_locked_job
from backend.queue.results import keep_results
from backend.queue.retries import will_try_again
from backend.workers import service as workers
from pegbox.errors import LeaseLostError
from pegbox.schemas.jobs.job import JobState
from pegbox.schemas.jobs.queue import ReportRequest, Wanted
from pegbox.store.tables import Job, now


def report(db: Session, uid: str, body: ReportRequest, max_stalled_attempts: int) -> str:
    """Takes a worker's report and says the job's state. The same report twice counts once; a stale claim raises
    `LeaseLostError`."""
    job = find_locked_job(db, uid)
    if job is None:
        raise LeaseLostError("There is no such job any more")
    if body.claim_token == job.reported_token:
        return job.state
    if body.claim_token != job.claim_token:
        raise LeaseLostError("This claim is no longer valid: the job was taken over, or has ended")
    job.reported_token = body.claim_token
    if job.state not in lifecycle.TERMINAL:
        _take(db, job, body, max_stalled_attempts)
    workers.free(db, job.worker_id, job.uid)
    job.claim_token = None  # no heartbeat of this claim may bring the job back
    _save(db, job)
    db.commit()
    return job.state


def interrupt(db: Session, job: Job, reason: str, max_stalled_attempts: int) -> None:
    """Ends an attempt that did not end itself: the job waits for another one, unless attempts get nowhere. The caller commits.

    The claim stays the newest until someone else claims, so that a worker which was only cut off can go on. A command begins
    anew only when its retries allow it: nothing runs twice in silence.
    """
    if job.kind == "command":
        job.error = reason
        _move(db, job, "interrupt" if will_try_again(job) else "cancel" if job.wanted == "cancel" else "fail")
        workers.free(db, job.worker_id, job.uid)
        _save(db, job)
        return
    if job.step > job.furthest_step:
        job.furthest_step, job.stalled_attempts = job.step, 0
    else:
        job.stalled_attempts += 1
    verb = lifecycle.after_interruption(cast(Wanted, job.wanted), job.stalled_attempts, max_stalled_attempts)
    if verb == "fail":
        job.error = f"Interrupted {job.stalled_attempts} times in a row without a new step. The last time: {reason}"
    _move(db, job, verb)
    workers.free(db, job.worker_id, job.uid)
    _save(db, job)


def _take(db: Session, job: Job, body: ReportRequest, max_stalled_attempts: int) -> None:
    job.step = job.step if body.step is None else body.step
    job.exit_code = body.exit_code
    if job.kind == "command":
        job.results = {"metric_points": body.metric_points, "bad_metric_lines": body.bad_metric_lines}
    if body.outcome == "declined":
        job.attempt -= 1
        _move(db, job, "cancel" if job.wanted == "cancel" else "interrupt")
    elif body.outcome == "interrupted":
        if job.state == "running":
            interrupt(db, job, body.error or "the trainer was killed", max_stalled_attempts)
    elif body.outcome == "paused":
        _put_down(db, job)
    elif body.outcome == "cancelled":
        _move(db, job, "cancel")
    elif body.outcome == "failed":
        job.error = body.error or "The job failed without saying why; see the log"
        keep_results(db, job, body.result)
        _move(db, job, "interrupt" if will_try_again(job) else "fail")
    else:
        job.error = None
        keep_results(db, job, body.result, register=True)
        _move(db, job, "complete")


def _put_down(db: Session, job: Job) -> None:
    """The trainer has saved and stopped as it was told; by now the user may want something else."""
    if job.step > job.furthest_step:
        job.furthest_step, job.stalled_attempts = job.step, 0
    if job.wanted == "run":
        _move(db, job, "interrupt")
    else:
        _move(db, job, "cancel" if job.wanted == "cancel" else "pause")


def _move(db: Session, job: Job, verb: lifecycle.Verb) -> None:
    """Where the verb leads; a job that was moved on meanwhile (paused while its worker was away) stays where it is."""
    state = cast(JobState, job.state)
    if not lifecycle.can(state, verb):
        return
    job.state = lifecycle.next_state(state, verb)
    job.phase = None
    job.lease_expires_at = None
    gpu_leases.release(db, job)
    if job.state in lifecycle.TERMINAL:
        job.completed_at = now()
        job.claim_token = job.retry_at = None
        if job.state != "completed":
            end_dependents(db, job)
    elif job.state == "queued":
        job.wanted = "run"


def _save(db: Session, job: Job) -> None:
    job.updated_at = now()
    db.add(job)
