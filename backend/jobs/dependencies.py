"""Jobs that wait for other jobs: what holds one up, and what becomes of it when the other does not complete.

Nobody can wait for a job that is made later, so there are no circles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, select

from backend.jobs import lifecycle, repository
from pegbox.errors import ValidationError
from pegbox.schemas.jobs.job import JobState
from pegbox.store.tables import Job, JobDependency, now

CHUNK = 500

_NEEDED = (
    select(JobDependency.job_uid, Job)
    .join(Job, col(Job.uid) == JobDependency.needs_uid)
    .where(col(JobDependency.job_uid).in_(bindparam("uids", expanding=True)))
    .order_by(col(Job.created_at), col(Job.uid))
)


def is_held_up() -> Any:
    """SQL: whether a `Job` of the query waits for one that has not completed."""
    needed = aliased(Job)
    return (
        select(JobDependency.needs_uid)
        .join(needed, and_(needed.uid == JobDependency.needs_uid, needed.state != "completed"))
        .where(JobDependency.job_uid == Job.uid)
        .exists()
    )


def find_needed(db: Session, keys: Sequence[str]) -> list[Job]:
    """The jobs of a request's `depends_on`, each once. Raises `ValidationError` naming those that cannot be waited for."""
    found: dict[str, Job] = {}
    problems: list[str] = []
    for key in keys:
        job = repository.find_job(db, key)
        if job is None:
            problems.append(f"there is no job '{key}'")
        elif job.state in ("failed", "cancelled"):
            problems.append(f"job '{key}' has {_ended(job)} and will not complete")
        else:
            found[job.uid] = job
    if problems:
        findings = [{"loc": ["body", "depends_on"], "msg": text} for text in problems]
        raise ValidationError(f"depends_on: {'; '.join(problems)}", errors=findings)
    return list(found.values())


def add(db: Session, job: Job, needed: Sequence[Job]) -> None:
    """Lets the job wait for the others. The caller commits."""
    db.add_all([JobDependency(job_uid=job.uid, needs_uid=other.uid) for other in needed])


def list_needed(db: Session, jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """By job uid, the jobs that it waits for or has waited for, oldest first."""
    uids = [job.uid for job in jobs]
    needed: dict[str, list[Job]] = {}
    for start in range(0, len(uids), CHUNK):
        for uid, job in db.exec(_NEEDED, params={"uids": uids[start : start + CHUNK]}).all():
            needed.setdefault(uid, []).append(job)
    return needed


def end_dependents(db: Session, job: Job) -> None:
    """When a job has failed or was cancelled, so have all that wait for it, and those that wait for them. The caller commits."""
    ended = [job]
    while ended:
        cause = ended.pop()
        verb: lifecycle.Verb = "fail" if cause.state == "failed" else "cancel"
        for dependent in _waiting_for(db, cause):
            if not lifecycle.can(cast(JobState, dependent.state), verb):
                continue
            dependent.state = lifecycle.next_state(cast(JobState, dependent.state), verb)
            dependent.error = f"Job {cause.id or cause.uid} ('{cause.name}'), which it depends on, has {_ended(cause)}"
            dependent.completed_at = dependent.updated_at = now()
            dependent.retry_at = dependent.claim_token = dependent.lease_expires_at = None
            db.add(dependent)
            ended.append(dependent)


def forget(db: Session, job: Job) -> None:
    """Before a job is deleted: nothing refers to it any more. The caller commits."""
    query = select(JobDependency).where((JobDependency.job_uid == job.uid) | (JobDependency.needs_uid == job.uid))
    for dependency in db.exec(query).all():
        db.delete(dependency)
    db.flush()


def has_dependents(db: Session, job: Job) -> bool:
    """Whether a job that has not ended waits for this one."""
    return any(dependent.state not in lifecycle.TERMINAL for dependent in _waiting_for(db, job))


def _waiting_for(db: Session, job: Job) -> list[Job]:
    query = select(Job).join(JobDependency, col(JobDependency.job_uid) == Job.uid)
    query = query.where(JobDependency.needs_uid == job.uid).with_for_update(of=Job)
    return list(db.exec(query).all())


def _ended(job: Job) -> str:
    return "failed" if job.state == "failed" else "been cancelled"
