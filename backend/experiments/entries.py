"""What is in an experiment: the monitor's runs, and jobs whose run has not begun. One list, paged in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Subquery, exists, union_all
from sqlmodel import Session, col, func, or_, select

from backend.runs.listing import is_demonstration
from pegbox.store.tables import Job, Run


@dataclass(frozen=True)
class Entry:
    """A script's run, a job with its run, or a job that waits: one of the two is there."""

    run: Run | None
    job: Job | None


def has_no_run() -> ColumnElement[bool]:
    """Jobs that the monitor knows nothing of yet."""
    return ~exists().where(col(Run.id) == col(Job.run_id))


def list_entries(db: Session, experiment_id: str, *, limit: int, offset: int = 0, made_up: bool = True) -> list[Entry]:
    """Newest first; without demonstrations unless `made_up`."""
    entries = _entries(experiment_id, made_up=made_up)
    query = select(entries.c.run_id, entries.c.job_uid)
    return load_entries(db, query.order_by(entries.c.created_at.desc(), entries.c.run_id).limit(limit).offset(offset))


def find_entries(db: Session, experiment_id: str, keys: Sequence[str]) -> dict[str, Entry]:
    """Those of the experiment with these job uids or run ids, by that key."""
    entries = _entries(experiment_id, made_up=True)
    query = select(entries.c.run_id, entries.c.job_uid)
    found = load_entries(db, query.where(or_(entries.c.run_id.in_(keys), entries.c.job_uid.in_(keys))))
    by_run = {entry.run.id: entry for entry in found if entry.run}
    return by_run | {entry.job.uid: entry for entry in found if entry.job}


def _entries(experiment_id: str, *, made_up: bool) -> Subquery:
    begun: Any = (
        # As old as its job: a job keeps its place in the list when its run begins.
        select(col(Run.id).label("run_id"), col(Job.uid).label("job_uid"), age().label("created_at"))
        .join(Job, col(Job.run_id) == Run.id, isouter=True)
        .where(Run.experiment_id == experiment_id)
    )
    if not made_up:
        begun = begun.where(~is_demonstration())
    waiting = select(col(Job.run_id), col(Job.uid), col(Job.created_at)).where(
        Job.experiment_id == experiment_id, has_no_run()
    )
    return union_all(begun, waiting).subquery()


def age() -> ColumnElement[Any]:
    """When a run's job was made, else the run."""
    return func.coalesce(col(Job.created_at), col(Run.created_at))


def load_entries(db: Session, query: Any) -> list[Entry]:
    """What a query finds that selects `run_id` and `job_uid`, in its order."""
    rows = db.exec(query).all()
    run_ids, job_uids = [row.run_id for row in rows], [row.job_uid for row in rows]
    runs = {run.id: run for run in db.exec(select(Run).where(col(Run.id).in_(run_ids))).all()}
    jobs = {job.uid: job for job in db.exec(select(Job).where(col(Job.uid).in_(job_uids))).all()}
    return [Entry(runs.get(row.run_id), jobs.get(row.job_uid)) for row in rows]
