"""Queries on jobs and their runs."""

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

# Queries of lists are built once: building a query takes longer than SQLite takes to run the query.
_PAGE = select(Job).limit(bindparam("most", type_=Integer)).offset(bindparam("skipped", type_=Integer))
_NEWEST = _PAGE.order_by(col(Job.created_at).desc(), col(Job.uid).desc())
_OLDEST = _PAGE.order_by(col(Job.created_at), col(Job.uid))
_IN_STATES = col(Job.state).in_(bindparam("states", expanding=True))
_RUNS = select(Run).where(col(Run.id).in_(bindparam("ids", expanding=True))).options(defer(Run.config))  # type: ignore[arg-type]


def find_job(db: Session, key: str) -> Job | None:
    """The job with this uid or id."""
    return db.get(Job, key) or db.exec(select(Job).where(Job.id == key)).first()


def lock_job(db: Session, key: str) -> Job | None:
    """The job, locked against other writers until the caller commits. Must be the first operation of the session."""
    begin_write(db)
    query = (
        select(Job)
        .where(or_(Job.uid == key, Job.id == key))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return db.exec(query).first()


def get_job(db: Session, key: str) -> Job:
    """The job with this uid or id. Raises `NotFoundError`."""
    return _existing(find_job(db, key), key)


def lock_existing(db: Session, key: str) -> Job:
    """Like `lock_job`, but raises `NotFoundError` for an unknown job."""
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
    """Jobs, newest first. `total` is the number of matching jobs: with it, pages in the second half are read from the oldest job,
    which skips fewer rows."""
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


def find_similar(db: Session, model: str, method: str, dataset: str) -> Job | None:
    """The newest completed job with this model and method; jobs on the same dataset are preferred."""
    configuration = col(Job.configuration)
    other_data = case((dataset_column() == dataset, 0), else_=1)
    query = select(Job).where(
        Job.state == "completed",
        configuration["model"]["uid"].as_string() == model,
        col(Job.hyperparameters)["method"].as_string() == method,
    )
    return db.exec(query.order_by(other_data, col(Job.created_at).desc(), col(Job.uid).desc()).limit(1)).first()


def find_runs(db: Session, jobs: Sequence[Job]) -> dict[str, Run]:
    """The runs of the jobs by run id. Jobs that have not started have no run; `Run.config` is loaded on access."""
    ids = [job.run_id for job in jobs]
    runs: dict[str, Run] = {}
    for start in range(0, len(ids), CHUNK):
        runs |= {run.id: run for run in db.exec(_RUNS, params={"ids": ids[start : start + CHUNK]}).all()}
    return runs
