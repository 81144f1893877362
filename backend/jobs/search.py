"""Search for jobs by state and text, sorted and paged in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlmodel import Session, case, col, func, or_, select

from backend.jobs.trained_dataset import dataset_column, dataset_of
from pegbox.store.tables import Job, Run

JobOrder = Literal["created", "name", "state", "loss"]
ORDERS: tuple[JobOrder, ...] = get_args(JobOrder)
MOST_WORDS = 8


@dataclass(frozen=True)
class JobSearch:
    """Search conditions. Every word of `query` must occur in the name, the command, or the name of the model or dataset."""

    states: Sequence[str] | None = None
    query: str = ""
    order: JobOrder = "created"
    descending: bool = True
    archived: bool = False


def search_jobs(
    db: Session, search: JobSearch, listed: Mapping[str, int], *, limit: int, offset: int
) -> tuple[list[Job], int]:
    """A page of matching jobs, and the number of all matching jobs. `listed` are the counts by state from `count_listed`."""
    conditions = _conditions(search)
    query = select(Job).where(*conditions).order_by(*_order(search))
    if search.order == "loss":
        query = query.join(Run, col(Run.id) == Job.run_id, isouter=True)
    return list(db.exec(query.limit(limit).offset(offset)).all()), _count(db, search, listed, conditions)


def _count(db: Session, search: JobSearch, listed: Mapping[str, int], conditions: Sequence[Any]) -> int:
    if search.query or search.archived:
        return int(db.exec(select(func.count()).select_from(Job).where(*conditions)).one())
    return sum(listed.values() if search.states is None else (listed.get(state, 0) for state in search.states))


def _conditions(search: JobSearch) -> list[Any]:
    archived = col(Job.archived_at)
    conditions: list[Any] = [archived.is_not(None) if search.archived else archived.is_(None)]
    if search.states is not None:
        conditions.append(col(Job.state).in_(search.states))
    columns = [
        func.lower(Job.name),
        func.lower(col(Job.configuration)["model"]["name"].as_string()),
        func.lower(col(Job.configuration)["dataset"]["name"].as_string()),
        func.lower(col(Job.command)),
    ]
    for word in search.query.lower().split()[:MOST_WORDS]:
        conditions.append(or_(*(text.contains(word, autoescape=True) for text in columns)))
    return conditions


def _order(search: JobSearch) -> list[Any]:
    """Jobs without a value are last in both directions; jobs with equal values are sorted by creation, newest first."""
    newest = [col(Job.created_at).desc(), col(Job.uid).desc()]
    if search.order == "created":
        return newest if search.descending else [col(Job.created_at), col(Job.uid)]  # the order of the index
    column = _column(search.order)
    return [column.is_(None), column.desc() if search.descending else column.asc(), *newest]


def _column(order: JobOrder) -> Any:
    columns: dict[JobOrder, Any] = {
        "created": col(Job.created_at),
        "name": func.lower(Job.name),
        "state": col(Job.state),
        "loss": col(Run.summary)["best_validation_loss"].as_float(),
    }
    return columns[order]


def find_baselines(db: Session, job: Job, limit: int) -> list[Job]:
    """Completed jobs of the same kind to compare with: jobs on the same dataset first, then the newest."""
    other_data = case((dataset_column() == dataset_of(job), 0), else_=1)
    query = select(Job).where(Job.state == "completed", Job.kind == job.kind, Job.uid != job.uid)
    query = query.order_by(other_data, col(Job.completed_at).desc(), col(Job.uid).desc())
    return list(db.exec(query.limit(limit)).all())
