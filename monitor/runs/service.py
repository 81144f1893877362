"""Creates, resumes, updates and shows runs."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection, Engine

from monitor.metrics.ingest.writer import Writer
from monitor.runs import repository
from monitor.runs.filters import RunFilter
from monitor.runs.rows import JobRow, RunRow
from monitor.runs.sorting import RunSort
from pegbox.errors import ConflictError, NotFoundError
from pegbox.schemas.runs.run import RUN_STATUS_OF_JOB_STATE, RunCreate, RunStatus, RunUpdate, RunView
from pegbox.store.experiments import ensure_experiment
from pegbox.store.tables import now


def create_run(writer: Writer, body: RunCreate) -> tuple[RunView, bool]:
    """Creates a run, or resumes the run with a known id. Returns the run and whether it is new.

    Raises `ConflictError` for a known id with `resume="never"`, `NotFoundError` for an unknown id with `resume="must"`.
    """

    def operation(connection: Connection) -> tuple[RunView, bool]:
        row = repository.find_run(connection, body.id) if body.id else None
        if row is not None and row.id == body.id:
            if body.resume == "never":
                raise ConflictError(f"Run already exists: {body.id}")
            _resume(connection, row, body)
            return get_run(connection, row.id), False
        if body.resume == "must":
            raise NotFoundError(f"Run not found: {body.id}")
        run_id = body.id or f"run-{secrets.token_hex(6)}"
        _insert(connection, run_id, body)
        return get_run(connection, run_id), True

    return writer.call(operation)


def _insert(connection: Connection, run_id: str, body: RunCreate) -> None:
    moment = now()
    repository.insert_run(
        connection,
        {
            "id": run_id,
            "job_uid": body.job_uid,
            "experiment_id": ensure_experiment(connection, body.experiment),
            "name": body.name or run_id,
            "status": "running",
            "tags": body.tags,
            "config": body.config,
            "summary": {},
            "total_steps": body.total_steps,
            "last_seq": 0,
            "record_count": 0,
            "active_seconds": 0.0,
            "active_since": moment,
            "created_at": moment,
            "updated_at": moment,
        },
    )


def _resume(connection: Connection, row: RunRow, body: RunCreate) -> None:
    moment = now()
    # A killed run is still marked as running: its active time ends with its last update.
    spent = _active_seconds_until(row, row.updated_at) if row.active_since else row.active_seconds
    repository.update_run(
        connection,
        row.id,
        {
            "status": "running",
            "finished_at": None,
            "active_seconds": spent,
            "active_since": moment,
            "updated_at": moment,
            "config": {**row.config, **body.config},
            "tags": list(dict.fromkeys([*row.tags, *body.tags])),
            "total_steps": body.total_steps if body.total_steps is not None else row.total_steps,
            "job_uid": body.job_uid or row.job_uid,
        },
    )


def update_run(writer: Writer, run_id: str, body: RunUpdate) -> RunView:
    """Updates the fields that the body sets. Raises `NotFoundError`."""

    def operation(connection: Connection) -> RunView:
        row = repository.find_run(connection, run_id)
        if row is None:
            raise NotFoundError(f"Run not found: {run_id}")
        moment = now()
        values: dict[str, Any] = {"updated_at": moment}
        if body.status is not None:
            values |= _change_status(row, body.status, moment)
        if body.total_steps is not None:
            values["total_steps"] = body.total_steps
        if body.config is not None:
            values["config"] = {**row.config, **body.config}
        if body.tags is not None:
            values["tags"] = body.tags
        state = writer.state(connection, row.id)
        if body.summary is not None:
            state.summary.update(body.summary)
        state.write(connection)  # the response includes every point sent before the request
        repository.update_run(connection, row.id, values)
        return get_run(connection, row.id)

    return writer.call(operation)


def _change_status(row: RunRow, status: RunStatus, moment: datetime) -> dict[str, Any]:
    if status == "running":
        return {"status": status, "finished_at": None, "active_since": row.active_since or moment}
    return {
        "status": status,
        "finished_at": None if status == "paused" else moment,
        "active_seconds": _active_seconds_until(row, moment),
        "active_since": None,
    }


def _active_seconds_until(row: RunRow, until: datetime) -> float:
    running = (until - row.active_since).total_seconds() if row.active_since else 0.0
    return float(row.active_seconds) + max(0.0, running)


def active_seconds(row: RunRow) -> float:
    """Returns the seconds that the run has been running, without pauses."""
    if row.active_since is None:
        return float(row.active_seconds)
    return _active_seconds_until(row, now() if status_of(row) == "running" else row.updated_at)


def status_of(row: RunRow) -> RunStatus:
    """Returns the status of a run, corrected by its job's state while the run is marked as running."""
    status: RunStatus = row.status
    return RUN_STATUS_OF_JOB_STATE.get(row.job_state, status) if status == "running" else status


def get_run(connection: Connection, run_id: str) -> RunView:
    """Returns a run by its id, or the newest run of a job by the job's uid. Raises `NotFoundError`."""
    row = repository.find_run(connection, run_id)
    if row is None:
        raise NotFoundError(f"Run not found: {run_id}")
    return view(row)


def find_run(engine: Engine, run_id: str) -> RunView | None:
    """Finds the run with this id, else the newest run of the job with this uid."""
    with engine.connect() as connection:
        row = repository.find_run(connection, run_id)
    return None if row is None else view(row)


def find_row(connection: Connection, run_id: str) -> RunRow | None:
    """Like `find_run`, but returns all columns of `RunRow`."""
    return repository.find_run(connection, run_id)


def find_job(connection: Connection, key: str) -> JobRow | None:
    """Finds a job by its uid or id, with the columns that the monitor needs."""
    return repository.find_job(connection, key)


def find_focus(connection: Connection, *, automated: bool) -> RunRow | None:
    """Finds the newest running run of the mode, else its newest run. See `repository.find_focus`."""
    return repository.find_focus(connection, automated=automated)


def count_by_status(connection: Connection) -> dict[str, int]:
    """Counts runs by their stored status; a status without runs is 0."""
    return {**dict.fromkeys(get_args(RunStatus), 0), **repository.count_by_status(connection)}


def list_experiments(engine: Engine) -> list[str]:
    """Returns the names of experiments with runs other than demonstrations, in alphabetical order."""
    with engine.connect() as connection:
        return repository.list_experiments(connection)


def list_runs(
    engine: Engine, which: RunFilter, *, sort: str, limit: int, cursor: str | None
) -> tuple[list[RunView], str | None]:
    """Returns a page of runs and the cursor of the next page. Raises `ValidationError` for an invalid sort or cursor."""
    with engine.connect() as connection:
        order = RunSort.parse(sort, connection.dialect.name)
        rows, following = repository.list_runs(connection, which, order, limit=limit, cursor=cursor)
    return [view(row) for row in rows], following


def find_run_id(engine: Engine, run_id: str) -> str:
    """Returns the id of the run for a run's id or a job's uid. Raises `NotFoundError`."""
    with engine.connect() as connection:
        known = repository.find_run_id(connection, run_id)
    if known is None:
        raise NotFoundError(f"Run not found: {run_id}")
    return known


def view(row: RunRow) -> RunView:
    """Converts a row to the API's run."""
    return RunView(
        id=row.id,
        job_uid=row.job_uid,
        experiment=row.experiment,
        name=row.name,
        status=status_of(row),
        tags=row.tags,
        config=row.config,
        summary=row.summary,
        total_steps=row.total_steps,
        last_step=row.last_step,
        record_count=row.record_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
        thinned_at=row.thinned_at,
    )
