"""Dependencies between jobs. A job depends only on earlier jobs, so there are no cycles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, select

from backend.jobs import repository
from pegbox.errors import ValidationError
from pegbox.schemas.jobs.state import TERMINAL_STATES, UNSUCCESSFUL_STATES
from pegbox.store.tables import Job, JobDependency

CHUNK = 500

_NEEDED = (
    select(JobDependency.job_uid, Job)
    .join(Job, col(Job.uid) == JobDependency.needs_uid)
    .where(col(JobDependency.job_uid).in_(bindparam("uids", expanding=True)))
    .order_by(col(Job.created_at), col(Job.uid))
)


def has_unmet_dependencies() -> Any:
    """SQL: whether a `Job` of the query depends on a job that has not completed."""
    needed = aliased(Job)
    return (
        select(JobDependency.needs_uid)
        .join(needed, and_(needed.uid == JobDependency.needs_uid, needed.state != "completed"))
        .where(JobDependency.job_uid == Job.uid)
        .exists()
    )


def find_needed(db: Session, keys: Sequence[str]) -> list[Job]:
    """The jobs of a request's `depends_on`, without repetitions. Raises `ValidationError` naming jobs that will never complete."""
    found: dict[str, Job] = {}
    problems: list[str] = []
    for key in keys:
        job = repository.find_job(db, key)
        if job is None:
            problems.append(f"there is no job '{key}'")
        elif job.state in UNSUCCESSFUL_STATES:
            problems.append(f"job '{key}' has {describe_ending(job)} and will not complete")
        else:
            found[job.uid] = job
    if problems:
        findings = [{"loc": ["body", "depends_on"], "msg": text} for text in problems]
        raise ValidationError(f"depends_on: {'; '.join(problems)}", errors=findings)
    return list(found.values())


def add_dependencies(db: Session, job: Job, needed: Sequence[Job]) -> None:
    """Makes the job depend on the others. The caller commits."""
    db.add_all([JobDependency(job_uid=job.uid, needs_uid=other.uid) for other in needed])


def list_needed(db: Session, jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """The dependencies of each job by its uid, oldest first."""
    uids = [job.uid for job in jobs]
    needed: dict[str, list[Job]] = {}
    for start in range(0, len(uids), CHUNK):
        for uid, job in db.exec(_NEEDED, params={"uids": uids[start : start + CHUNK]}).all():
            needed.setdefault(uid, []).append(job)
    return needed


def delete_dependencies(db: Session, job: Job) -> None:
    """Deletes the dependencies of the job and the dependencies of other jobs on the job. The caller commits."""
    query = select(JobDependency).where((JobDependency.job_uid == job.uid) | (JobDependency.needs_uid == job.uid))
    for dependency in db.exec(query).all():
        db.delete(dependency)
    db.flush()


def has_dependents(db: Session, job: Job) -> bool:
    """Whether a job that has not ended depends on this job."""
    return any(dependent.state not in TERMINAL_STATES for dependent in list_dependents(db, job))


def list_dependents(db: Session, job: Job) -> list[Job]:
    """The jobs that depend directly on this job, locked until the caller commits."""
    query = select(Job).join(JobDependency, col(JobDependency.job_uid) == Job.uid)
    query = query.where(JobDependency.needs_uid == job.uid).with_for_update(of=Job)
    return list(db.exec(query).all())


def describe_ending(job: Job) -> str:
    """How a job ended without completing, as words that follow "has"."""
    return "failed" if job.state == "failed" else "been cancelled"
