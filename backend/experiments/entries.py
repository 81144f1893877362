"""Entries of an experiment: runs, and jobs without a run yet. One list, paged in the database."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, bindparam, exists, literal_column, union_all
from sqlmodel import Session, col, func, or_, select

from backend.runs.script_runs import is_demonstration
from pegbox.schemas.jobs.state import JobState
from pegbox.schemas.runs.run import DEMO_TAG
from pegbox.store.tables import Job, Run

_COLUMNS: Any = (
    *(col(Run.id).label("known_id"), Run.name, Run.status, Run.tags, Run.config, Run.summary),
    *(Run.created_at, Run.finished_at),
    *(col(Job.name).label("job_name"), col(Job.state).label("job_state"), col(Job.tags).label("job_tags")),
    *(col(Job.created_at).label("job_created_at"), col(Job.completed_at).label("job_completed_at")),
)
_STATES: dict[str, JobState] = {"finished": "completed"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A script's run, a job with its run, or a job without a run yet. For jobs the job's fields win over the run's, which are
    stale when the process was killed.

    Before the run exists, `config` is null and `waiting` is the job.
    """

    run_id: str
    job_uid: str | None
    name: str
    state: JobState
    tags: list[str]
    config: dict[str, Any] | None
    summary: dict[str, Any]
    created_at: datetime
    completed_at: datetime | None
    is_demonstration: bool
    waiting: Job | None

    @property
    def id(self) -> str:
        """The job's uid, else the run's id."""
        return self.job_uid or self.run_id


def has_no_run() -> ColumnElement[bool]:
    """Condition: the job has no run yet."""
    return ~exists().where(col(Run.id) == col(Job.run_id))


def list_entries(db: Session, experiment_id: str, *, limit: int, offset: int = 0, made_up: bool = True) -> list[Entry]:
    """Entries newest first; `made_up` includes demonstrations."""
    return load_entries(db, _newest(made_up), experiment_id=experiment_id, limit=limit, offset=offset)


@functools.cache
def _newest(made_up: bool) -> Any:
    """Cached: building the query takes longer than running it."""
    entries = _entries(bindparam("experiment_id"), made_up=made_up)
    newest = (entries.c.created_at.desc(), entries.c.run_id)
    page = select(*in_order(entries, newest)).limit(bindparam("limit", type_=Integer))
    return entries_query(page.offset(bindparam("offset", type_=Integer)))


def in_order(entries: Subquery, order: Sequence[Any]) -> Any:
    """Columns of a page for `entries_query`."""
    return entries.c.run_id, entries.c.job_uid, func.row_number().over(order_by=order).label("place")


def entries_query(page: Any) -> Any:
    """Query for `load_entries` on a page of columns `in_order`. Reads whole rows only for the page."""
    cut = page.order_by(literal_column("place")).subquery()
    return (
        select(cut.c.run_id, cut.c.job_uid, *_COLUMNS)
        .select_from(cut)
        .join(Run, col(Run.id) == cut.c.run_id, isouter=True)
        .join(Job, col(Job.uid) == cut.c.job_uid, isouter=True)
        .order_by(cut.c.place)
    )


def load_entries(db: Session, query: Any, **parameters: Any) -> list[Entry]:
    """Runs an `entries_query`; keeps its order."""
    rows = db.exec(query, params=parameters).all()
    uids = [row.job_uid for row in rows if row.known_id is None]
    waiting = {job.uid: job for job in db.exec(select(Job).where(col(Job.uid).in_(uids))).all()} if uids else {}
    return [_entry(row, waiting.get(row.job_uid)) for row in rows]


def _entry(row: Any, waiting: Job | None) -> Entry:
    is_script = row.job_uid is None
    return Entry(
        run_id=row.run_id,
        job_uid=row.job_uid,
        name=row.name if is_script else row.job_name,
        state=_STATES.get(row.status, row.status) if is_script else row.job_state,
        tags=row.tags if is_script else row.job_tags,
        config=row.config,
        summary=row.summary or {},
        created_at=row.created_at if is_script else row.job_created_at,
        completed_at=row.finished_at if is_script else row.job_completed_at,
        is_demonstration=DEMO_TAG in (row.tags or ()),
        waiting=waiting,
    )


def find_entries(db: Session, experiment_id: str, keys: Sequence[str]) -> dict[str, Entry]:
    """Entries of the experiment by job uid and run id."""
    entries = _entries(experiment_id, made_up=True)
    either = or_(entries.c.run_id.in_(keys), entries.c.job_uid.in_(keys))
    found = load_entries(db, entries_query(select(*in_order(entries, [entries.c.run_id])).where(either)))
    return {entry.run_id: entry for entry in found} | {entry.id: entry for entry in found}


def _entries(experiment_id: Any, *, made_up: bool) -> Subquery:
    begun: Any = (
        # The job's age: a job keeps its place in the list when its run begins.
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
    """Creation time of the run's job, else of the run."""
    return func.coalesce(col(Job.created_at), col(Run.created_at))
