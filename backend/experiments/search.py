"""Search for experiments and for runs of an experiment, in the database, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Float, case, cast, literal, null, union_all
from sqlmodel import Session, col, func, select

from backend.experiments.best import value_of
from backend.experiments.entries import Entry, age, entries_query, has_no_run, in_order, load_entries
from backend.experiments.repository import has_words
from backend.runs.script_runs import is_demonstration
from pegbox.store.tables import Experiment, Job, Run

ExperimentOrder = Literal["name", "runs", "active", "created"]
HEADLINES = ("validation_loss", "train_loss")
"""The metric shown for an experiment in lists: the first of these that its runs have."""


@dataclass(frozen=True)
class ExperimentActivity:
    """Last activity and best value of an experiment. `best` is the lowest last value of `metric`."""

    active_at: datetime | None
    metric: str
    best: float | None


@dataclass(frozen=True)
class RunSearch:
    """`order` is `name`, `created` or `metric:<name>`. `state` is a job state, or empty for all."""

    words: str = ""
    state: str = ""
    order: str = "created"
    descending: bool = True

    @property
    def metric(self) -> str | None:
        kind, _, name = self.order.partition(":")
        return name if kind == "metric" and name else None


def search_experiments(
    db: Session, words: str, order: ExperimentOrder, *, descending: bool, limit: int, offset: int
) -> tuple[list[Experiment], int]:
    """(a page, starred experiments first; number of matches)"""
    conditions = has_words(words)
    total = db.exec(select(func.count()).select_from(Experiment).where(*conditions)).one()
    query = select(Experiment).where(*conditions)
    key: Any = {"name": func.lower(Experiment.name), "created": col(Experiment.created_at)}.get(order)
    if key is None:
        counted: Any = (
            select(Run.experiment_id, func.count().label("runs"), func.max(Run.updated_at).label("active"))
            .group_by(Run.experiment_id)
            .subquery()
        )
        query = query.join(counted, counted.c.experiment_id == Experiment.id, isouter=True)
        key = func.coalesce(counted.c.runs, 0) if order == "runs" else counted.c.active
    # Experiments without activity come last in both directions.
    order_by = (col(Experiment.starred).desc(), key.is_(None), key.desc() if descending else key, col(Experiment.id))
    query = query.order_by(*order_by)
    return list(db.exec(query.limit(limit).offset(offset)).all()), int(total)


def read_activities(db: Session, ids: Sequence[str]) -> dict[str, ExperimentActivity]:
    """Activity by experiment id; demonstrations do not count for the best value."""
    least = [func.min(case((~is_demonstration(), value_of(db, name)))) for name in HEADLINES]
    query: Any = (
        select(Run.experiment_id, func.max(Run.updated_at), *least)
        .where(col(Run.experiment_id).in_(ids))
        .group_by(Run.experiment_id)
    )
    found = {}
    for experiment_id, active_at, *values in db.exec(query).all():
        known = [(name, value) for name, value in zip(HEADLINES, values, strict=True) if value is not None]
        metric, best = known[0] if known else ("", None)
        found[str(experiment_id)] = ExperimentActivity(active_at, metric, best)
    return found


def search_runs(
    db: Session, experiment_id: str, search: RunSearch, *, limit: int, offset: int
) -> tuple[list[Entry], dict[str, int]]:
    """(a page of the experiment's runs, number of matches by state)"""
    metric = search.metric
    value: ColumnElement[Any] = cast(null(), Float) if metric is None else value_of(db, metric)
    ended = case((Run.status == "finished", "completed"), else_=col(Run.status))  # type: ignore[arg-type]
    begun: Any = (
        select(
            col(Run.id).label("run_id"),
            col(Job.uid).label("job_uid"),
            age().label("created_at"),
            func.coalesce(col(Job.name), col(Run.name)).label("name"),
            func.coalesce(col(Job.state), ended).label("state"),
            value.label("value"),
        )  # type: ignore[call-overload]
        .join(Job, col(Job.run_id) == Run.id, isouter=True)
        .where(Run.experiment_id == experiment_id)
    )
    waiting: Any = select(
        col(Job.run_id), col(Job.uid), col(Job.created_at), col(Job.name), col(Job.state), cast(null(), Float)
    ).where(  # type: ignore[call-overload]
        Job.experiment_id == experiment_id, has_no_run()
    )
    entries = union_all(begun, waiting).subquery()
    texts = func.lower(entries.c.name) + literal("\n") + func.lower(entries.c.run_id)
    conditions = [texts.contains(word, autoescape=True) for word in search.words.lower().split()[:8]]
    counts: Any = select(entries.c.state, func.count()).where(*conditions).group_by(entries.c.state)
    counted = {str(state): int(count) for state, count in db.exec(counts).all()}
    if search.state:
        conditions.append(entries.c.state == search.state)
    key = func.lower(entries.c.name) if search.order == "name" else entries.c.created_at
    if metric is not None:
        key = entries.c.value
    order = (key.is_(None), key.desc() if search.descending else key, entries.c.created_at.desc(), entries.c.run_id)
    page = select(*in_order(entries, order)).where(*conditions).limit(limit).offset(offset)
    return load_entries(db, entries_query(page)), counted
