"""Queries on jobs and on the runs that belong to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Integer, bindparam
from sqlalchemy.orm import defer
from sqlmodel import Session, case, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from backend.jobs.trained_dataset import dataset_column
from pegbox.errors import NotFoundError
from pegbox.store.database import begin_write
from pegbox.store.tables import Job, Run, now

HARD_CAP = 1000
CHUNK = 500

# What lists ask for again and again is built once: that takes longer than SQLite takes to answer.
_PAGE = select(Job).limit(bindparam("most", type_=Integer)).offset(bindparam("skipped", type_=Integer))
_NEWEST = _PAGE.order_by(col(Job.created_at).desc(), col(Job.uid).desc())
_OLDEST = _PAGE.order_by(col(Job.created_at), col(Job.uid))
_IN_STATES = col(Job.state).in_(bindparam("states", expanding=True))
_RUNS = select(Run).where(col(Run.id).in_(bindparam("ids", expanding=True))).options(defer(Run.config))  # type: ignore[arg-type]


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


def get_job(db: Session, key: str) -> Job:
    """Raises `NotFoundError`."""
    return _existing(find_job(db, key), key)


def lock_existing(db: Session, key: str) -> Job:
    """The same as `lock_job`. Raises `NotFoundError`."""
    return _existing(lock_job(db, key), key)


def save(db: Session, job: Job) -> Job:
    """Commits the changes of a job."""
    job.updated_at = now()
    db.add(job)
    db.commit()
    return job


def _existing(job: Job | None, key: str) -> Job:
    if job is None:
        raise NotFoundError(f"Job UID not found: {key}")
    return job


def list_jobs(
    db: Session,
    states: Sequence[str] | None = None,
    *,
    limit: int = HARD_CAP,
    offset: int = 0,
    total: int | None = None,
) -> list[Job]:
    """Newest first. With the `total` of those that match, a page far down is counted off from the oldest."""
    if total is not None and total // 2 < offset < total:
        below = total - offset
        return _read_page(db, _OLDEST, states, min(limit, below), max(0, below - limit))[::-1]
    return _read_page(db, _NEWEST, states, limit, offset)


def _read_page(
    db: Session, query: SelectOfScalar[Job], states: Sequence[str] | None, most: int, skipped: int
) -> list[Job]:
    page = {"most": most, "skipped": skipped}
    if states is None:
        return list(db.exec(query, params=page).all())
    return list(db.exec(query.where(_IN_STATES), params={**page, "states": list(states)}).all())


def find_alike(db: Session, model: str, method: str, dataset: str) -> Job | None:
    """The newest completed job with this model and method; one on the same dataset, if there is one."""
    configuration = col(Job.configuration)
    other_data = case((dataset_column() == dataset, 0), else_=1)
    query = select(Job).where(
        Job.state == "completed",
        configuration["model"]["uid"].as_string() == model,
        col(Job.hyperparameters)["method"].as_string() == method,
    )
    return db.exec(query.order_by(other_data, col(Job.created_at).desc(), col(Job.uid).desc()).limit(1)).first()


def find_runs(db: Session, jobs: Sequence[Job]) -> dict[str, Run]:
    """The run of each job that has begun, by run id; settings of the runs are read only when somebody asks for them."""
    ids = [job.run_id for job in jobs]
    runs: dict[str, Run] = {}
    for start in range(0, len(ids), CHUNK):
        runs |= {run.id: run for run in db.exec(_RUNS, params={"ids": ids[start : start + CHUNK]}).all()}
    return runs
