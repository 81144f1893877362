"""Queries on jobs and on the runs that belong to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, case, col, or_, select

from pegbox.store.database import begin_write
from pegbox.store.tables import Job, Run

HARD_CAP = 1000
CHUNK = 500


def find_job(db: Session, key: str) -> Job | None:
    """By uid, or by the id that command jobs have beside it."""
    return db.get(Job, key) or db.exec(select(Job).where(Job.id == key)).first()


def lock_job(db: Session, key: str) -> Job | None:
    """The job, unchanged by anyone else until this session commits. Must be the first thing a session does."""
    begin_write(db)
    query = (
        select(Job)
        .where(or_(Job.uid == key, Job.id == key))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.exec(query).first()


def list_jobs(db: Session, states: Sequence[str] | None = None, *, limit: int = HARD_CAP, offset: int = 0) -> list[Job]:
    """Newest first."""
    query = select(Job)
    if states is not None:
        query = query.where(col(Job.state).in_(states))
    query = query.order_by(col(Job.created_at).desc(), col(Job.uid).desc())
    return list(db.exec(query.limit(limit).offset(offset)).all())


def find_alike(db: Session, model: str, method: str, dataset: str) -> Job | None:
    """The newest completed job with this model and method; one on the same dataset, if there is one."""
    configuration = col(Job.configuration)
    other_data = case((configuration["dataset"]["uid"].as_string() == dataset, 0), else_=1)
    query = select(Job).where(
        Job.state == "completed",
        configuration["model"]["uid"].as_string() == model,
        col(Job.hyperparameters)["method"].as_string() == method,
    )
    return db.exec(query.order_by(other_data, col(Job.created_at).desc(), col(Job.uid).desc()).limit(1)).first()


def find_runs(db: Session, jobs: Sequence[Job]) -> dict[str, Run]:
    """The run of each job that has begun, by run id."""
    ids = [job.run_id for job in jobs]
    runs: dict[str, Run] = {}
    for start in range(0, len(ids), CHUNK):
        found = db.exec(select(Run).where(col(Run.id).in_(ids[start : start + CHUNK]))).all()
        runs |= {run.id: run for run in found}
    return runs
