"""The best last value of each metric in an experiment, found in the database. Demonstrations take no part."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float, String, Subquery, case, cast, literal_column, type_coerce
from sqlmodel import Session, col, func, or_, select

from backend.runs.comparison import Direction, direction_of
from backend.runs.listing import is_demonstration
from pegbox.store.tables import Run

MOST_METRICS = 200
"""By name; a run that logs a metric per layer has no use for a best of each."""


def best_values(db: Session, experiment_id: str) -> dict[str, tuple[float, str]]:
    """Value and run id of the best, for each metric whose name tells which way is better. Of equal ones the first."""
    numbers = _numbers(db, experiment_id)
    first = (numbers.c.created_at, numbers.c.run_id)

    def rank(*order: Any) -> Any:
        return func.row_number().over(partition_by=numbers.c.name, order_by=order)

    from_lowest, from_highest = rank(numbers.c.value, *first), rank(numbers.c.value.desc(), *first)
    ranked = (
        select(numbers.c.name, numbers.c.value, numbers.c.run_id)
        .add_columns(from_lowest.label("from_lowest"), from_highest.label("from_highest"))
        .subquery()
    )
    ends: Any = ranked.select().where(or_(ranked.c.from_lowest == 1, ranked.c.from_highest == 1))
    found = {}
    for row in db.exec(ends.order_by(ranked.c.name).limit(2 * MOST_METRICS)).all():
        direction = direction_of(row.name)
        rank_here = row.from_lowest if direction == "minimize" else row.from_highest
        if direction is not None and rank_here == 1:
            found[row.name] = (float(row.value), str(row.run_id))
    return found


def best_of(db: Session, experiment_id: str, metric: str, direction: Direction) -> tuple[float, str] | None:
    """Value and run id of the best by one metric; None when no run has a number for it."""
    numbers = _numbers(db, experiment_id)
    value = numbers.c.value if direction == "minimize" else numbers.c.value.desc()
    query = select(numbers.c.value, numbers.c.run_id).where(numbers.c.name == metric)
    row = db.exec(query.order_by(value, numbers.c.created_at, numbers.c.run_id).limit(1)).first()
    return None if row is None else (float(row[0]), str(row[1]))


def _numbers(db: Session, experiment_id: str) -> Subquery:
    """A row for each number in the summaries: `run_id`, `created_at`, `name`, `value`."""
    summary = type_coerce(col(Run.summary), String)
    if db.get_bind().dialect.name == "sqlite":
        # What a script put into its summary need not be JSON that SQLite reads: Python writes NaN without quotes.
        readable = case((func.json_valid(summary) == 1, summary), else_=literal_column("'{}'"))
        metrics = func.json_each(readable).table_valued("key", "value", "type")
        is_number: ColumnElement[bool] = metrics.c.type.in_(("integer", "real"))
        value: ColumnElement[float] = cast(metrics.c.value, Float)
    else:
        metrics = func.json_each(col(Run.summary)).table_valued("key", "value").render_derived()
        is_number = func.json_typeof(metrics.c.value) == "number"
        value = case((is_number, cast(cast(metrics.c.value, String), Float)))
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
