"""Queries on runs. Writes use the writer's connection, reads any other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from monitor.runs.filters import RunFilter
from monitor.runs.rows import JobRow, RunRow
from monitor.runs.sorting import RunSort
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.store.tables import Experiment, Job, Run, now

run_table = Run.__table__  # type: ignore[attr-defined]
_experiment = Experiment.__table__  # type: ignore[attr-defined]
_job = Job.__table__  # type: ignore[attr-defined]

STALE_AFTER = timedelta(minutes=15)


def _query() -> Select[Any]:
    return (
        select(
            run_table,
            _experiment.c.name.label("experiment"),
            _job.c.state.label("job_state"),
            _job.c.phase.label("job_phase"),
            _job.c.max_steps.label("job_max_steps"),
            _job.c.hyperparameters.label("job_hyperparameters"),
        )
        .join(_experiment, _experiment.c.id == run_table.c.experiment_id)
        .join(_job, _job.c.uid == run_table.c.job_uid, isouter=True)
    )


def find_run(connection: Connection, run_id: str) -> RunRow | None:
    """Finds the run with this id, else the newest run of the job with this uid or id."""
    row = connection.execute(_query().where(run_table.c.id == run_id)).first()
    if row is None:
        newest = _query().where(_is_of_job(run_id)).order_by(run_table.c.created_at.desc()).limit(1)
        row = connection.execute(newest).first()
    return row


def _is_of_job(key: str) -> ColumnElement[bool]:
    of_id = select(_job.c.uid).where(_job.c.id == key).scalar_subquery()
    return or_(run_table.c.job_uid == key, run_table.c.job_uid == of_id)


def find_run_id(connection: Connection, run_id: str) -> str | None:
    """Returns the id of the run that `find_run` finds, without loading columns and joins."""
    found = connection.execute(select(run_table.c.id).where(run_table.c.id == run_id)).scalar()
    if found is None:
        newest = run_table.c.created_at.desc()
        of_job = select(run_table.c.id).where(_is_of_job(run_id)).order_by(newest).limit(1)
        found = connection.execute(of_job).scalar()
    return None if found is None else str(found)


def list_runs(
    connection: Connection, which: RunFilter, sort: RunSort, *, limit: int, cursor: str | None = None
) -> tuple[list[RunRow], str | None]:
    """Returns a page of runs and the cursor of the next page, None on the last page."""
    query = _query().add_columns(sort.key.label("sort_key")).where(*which.conditions(connection.dialect.name))
    if cursor is not None:
        query = query.where(sort.after(cursor))
    rows = list(connection.execute(query.order_by(*sort.order).limit(limit + 1)))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], sort.cursor(last.sort_key, last.id)


def list_experiments(connection: Connection, limit: int = 1_000) -> list[str]:
    """Returns the names of experiments with at least one run that the default `RunFilter` shows."""
    shown = exists(
        select(1).where(run_table.c.experiment_id == _experiment.c.id, *RunFilter().conditions(connection.dialect.name))
    )
    query = select(_experiment.c.name).where(shown).order_by(_experiment.c.name).limit(limit)
    return list(connection.execute(query).scalars())


def find_focus(connection: Connection, *, automated: bool) -> RunRow | None:
    """Finds the newest running run of the mode, else its newest run. Runs of a study have a tag `study:…`.

    A script's run without updates for `STALE_AFTER` counts as ended, because some clients never report the end.
    """
    of_study = cast(run_table.c.tags, String).like('%"study:%')
    mode = (of_study if automated else ~of_study) & and_(*RunFilter().conditions(connection.dialect.name))
    is_running = (run_table.c.status == "running") & or_(_job.c.state.is_(None), _job.c.state.not_in(TERMINAL_STATES))
    is_live = run_table.c.job_uid.is_not(None) | (run_table.c.updated_at > now() - STALE_AFTER)
    newest = run_table.c.created_at.desc()
    row = connection.execute(_query().where(mode, is_running, is_live).order_by(newest).limit(1)).first()
    if row is None:
        row = connection.execute(_query().where(mode).order_by(newest).limit(1)).first()
    return row


def count_by_status(connection: Connection) -> dict[str, int]:
    """Counts runs by their stored status; a status without runs is absent."""
    query = select(run_table.c.status, func.count().label("runs")).group_by(run_table.c.status)
    return {row.status: row.runs for row in connection.execute(query)}


def find_job(connection: Connection, key: str) -> JobRow | None:
    """Finds a job by its uid or id, with the columns that the monitor needs."""
    columns = (
        _job.c.uid,
        _job.c.state,
        _job.c.run_id,
        _job.c.phase,
        _job.c.step,
        _job.c.max_steps,
        _job.c.hyperparameters,
    )
    row: Any = connection.execute(select(*columns).where(or_(_job.c.uid == key, _job.c.id == key))).first()
    return row  # type: ignore[no-any-return]


def insert_run(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(run_table).values(**values))


def update_run(connection: Connection, run_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(run_table).where(run_table.c.id == run_id).values(**values))
