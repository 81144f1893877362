"""The best last value of each metric in an experiment, found in the database. Demonstrations take no part."""

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

MOST_METRICS = 200
"""By name; a run that logs a metric per layer has no use for a best of each."""


Best = dict[str, tuple[float, str]]
"""Value and run id by metric."""

MOST_KEPT = 256
_kept: WeakKeyDictionary[Any, OrderedDict[str, tuple[Any, Best]]] = WeakKeyDictionary()
"""By engine and experiment what was found last, and how its runs stood then. To find it anew takes ten times as long as to see
that nothing has changed."""


def best_values(db: Session, experiment_id: str) -> Best:
    """Value and run id of the best, for each metric whose name tells which way is better. Of equal ones the first."""
    # Every change of a run moves its `updated_at`; should the clock go back, its points still have a greater `last_seq`.
    marks = func.count(), func.max(Run.updated_at), func.sum(Run.last_seq)
    standing = tuple(db.exec(select(*marks).where(Run.experiment_id == experiment_id)).one())
    kept = _kept.setdefault(db.get_bind(), OrderedDict())
    known = kept.get(experiment_id)
    if known is not None and known[0] == standing:
        return known[1]
    found = _find_best(db, experiment_id)
    kept[experiment_id] = (standing, found)
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return found


def _find_best(db: Session, experiment_id: str) -> Best:
    numbers = _numbers(db, experiment_id)
    extremes = (
        select(numbers.c.name, func.min(numbers.c.value), func.max(numbers.c.value))
        .group_by(numbers.c.name)
        .order_by(numbers.c.name)
        .limit(MOST_METRICS)
    )
    goals = {
        name: lowest if direction == "minimize" else highest
        for name, lowest, highest in db.exec(extremes).all()
        if (direction := direction_of(name)) is not None
    }
    if not goals:
        return {}
    # In a second look: to rank all numbers of all runs takes several times as long.
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
    """Value and run id of the best by one metric; None when no run has a number for it."""
    numbers = _numbers(db, experiment_id)
    value = numbers.c.value if direction == "minimize" else numbers.c.value.desc()
    query = select(numbers.c.value, numbers.c.run_id).where(numbers.c.name == metric)
    row = db.exec(query.order_by(value, numbers.c.created_at, numbers.c.run_id).limit(1)).first()
    return None if row is None else (float(row[0]), str(row[1]))


def value_of(db: Session, metric: str) -> ColumnElement[float]:
    """A run's last value of a metric, for queries on `Run`; null where it has no number for it."""
    metrics, is_number, value = _numbers_of_run(db)
    query = select(value).select_from(metrics).where(metrics.c.key == metric, is_number)
    return query.correlate(Run).scalar_subquery()


def _numbers(db: Session, experiment_id: str) -> Subquery:
    """A row for each number in the summaries: `run_id`, `created_at`, `name`, `value`."""
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
    """A run's summary as a table with a `key`, which of its rows are numbers, and those."""
    summary = type_coerce(col(Run.summary), String)
    if db.get_bind().dialect.name == "sqlite":
        # What a script put into its summary need not be JSON that SQLite reads: Python writes NaN without quotes.
        readable = case((func.json_valid(summary) == 1, summary), else_=literal_column("'{}'"))
        metrics = func.json_each(readable).table_valued("key", "value", "type")
        return metrics, metrics.c.type.in_(("integer", "real")), cast(metrics.c.value, Float)
    metrics = func.json_each(col(Run.summary)).table_valued("key", "value").render_derived()
    is_number = func.json_typeof(metrics.c.value) == "number"
    return metrics, is_number, case((is_number, cast(cast(metrics.c.value, String), Float)))
