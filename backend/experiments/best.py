"""The best last value of each metric in an experiment, computed in the database without demonstrations."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Float, String, Subquery, case, cast, literal_column, tuple_, type_coerce
from sqlmodel import Session, col, func, select

from backend.runs.comparison import direction_of
from backend.runs.script_runs import is_demonstration
from pegbox.schemas.experiment import Direction
from pegbox.store.tables import Run

MAX_METRICS = 200
"""Metrics by name; runs that log a metric per layer have thousands."""


Best = dict[str, tuple[float, str]]
"""Value and run id by metric."""

MAX_CACHED = 256
_cache: WeakKeyDictionary[Any, OrderedDict[str, tuple[Any, Best]]] = WeakKeyDictionary()
"""By engine and experiment: a fingerprint of its runs and the result. Computing the result takes ten times as long as computing the
fingerprint."""


def best_values(db: Session, experiment_id: str) -> Best:
    """The best value of each metric with a known direction; the oldest run among equal values."""
    # Every change of a run increases `updated_at`; if the clock goes back, new points still increase `last_seq`.
    columns = func.count(), func.max(Run.updated_at), func.sum(Run.last_seq)
    fingerprint = tuple(db.exec(select(*columns).where(Run.experiment_id == experiment_id)).one())
    kept = _cache.setdefault(db.get_bind(), OrderedDict())
    known = kept.get(experiment_id)
    if known is not None and known[0] == fingerprint:
        return known[1]
    found = _find_best(db, experiment_id)
    kept[experiment_id] = (fingerprint, found)
    if len(kept) > MAX_CACHED:
        kept.popitem(last=False)
    return found


def _find_best(db: Session, experiment_id: str) -> Best:
    numbers = _numbers(db, experiment_id)
    extremes = (
        select(numbers.c.name, func.min(numbers.c.value), func.max(numbers.c.value))
        .group_by(numbers.c.name)
        .order_by(numbers.c.name)
        .limit(MAX_METRICS)
    )
    goals = {
        name: lowest if direction == "minimize" else highest
        for name, lowest, highest in db.exec(extremes).all()
        if (direction := direction_of(name)) is not None
    }
    if not goals:
        return {}
    # A second query: ranking all values of all runs takes several times as long.
    age = func.row_number().over(partition_by=numbers.c.name, order_by=(numbers.c.created_at, numbers.c.run_id))
    reached = (
        select(numbers.c.name, numbers.c.value, numbers.c.run_id, age.label("place"))
        .where(tuple_(numbers.c.name, numbers.c.value).in_(list(goals.items())))
        .subquery()
    )
    first = (
        select(reached.c.name, reached.c.value, reached.c.run_id).where(reached.c.place == 1).order_by(reached.c.name)
    )
    return {str(name): (float(value), str(run_id)) for name, value, run_id in db.exec(first).all()}


def best_of(db: Session, experiment_id: str, metric: str, direction: Direction) -> tuple[float, str] | None:
    """(value, run id) of the best run by a metric; `None` when no run has a number for the metric."""
    numbers = _numbers(db, experiment_id)
    value = numbers.c.value if direction == "minimize" else numbers.c.value.desc()
    query = select(numbers.c.value, numbers.c.run_id).where(numbers.c.name == metric)
    row = db.exec(query.order_by(value, numbers.c.created_at, numbers.c.run_id).limit(1)).first()
    return None if row is None else (float(row[0]), str(row[1]))


def value_of(db: Session, metric: str) -> ColumnElement[float]:
    """Expression for queries on `Run`: the last value of a metric, null without a number."""
    metrics, is_number, value = _numbers_of_run(db)
    query = select(value).select_from(metrics).where(metrics.c.key == metric, is_number)
    return query.correlate(Run).scalar_subquery()


def _numbers(db: Session, experiment_id: str) -> Subquery:
    """One row per number in the summaries: `run_id`, `created_at`, `name`, `value`."""
    metrics, is_number, value = _numbers_of_run(db)
    return (
        select(
            col(Run.id).label("run_id"),
            col(Run.created_at).label("created_at"),
            metrics.c.key.label("name"),
            value.label("value"),
        )
        .select_from(Run)
        .join(metrics, literal_column("1") == literal_column("1"))
        .where(Run.experiment_id == experiment_id, ~is_demonstration(), is_number)
        .subquery()
    )


def _numbers_of_run(db: Session) -> tuple[Any, ColumnElement[bool], ColumnElement[float]]:
    """(summary of a run as a table with `key`, condition for numbers, the numbers)"""
    summary = type_coerce(col(Run.summary), String)
    if db.get_bind().dialect.name == "sqlite":
        # SQLite rejects NaN, which Python writes into JSON.
        readable = case((func.json_valid(summary) == 1, summary), else_=literal_column("'{}'"))
        metrics = func.json_each(readable).table_valued("key", "value", "type")
        return metrics, metrics.c.type.in_(("integer", "real")), cast(metrics.c.value, Float)
    metrics = func.json_each(col(Run.summary)).table_valued("key", "value").render_derived()
    is_number = func.json_typeof(metrics.c.value) == "number"
    return metrics, is_number, case((is_number, cast(cast(metrics.c.value, String), Float)))
