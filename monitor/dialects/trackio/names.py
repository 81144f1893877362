"""Trackio's projects and runs under the names of the monitor: a project is an experiment, a run is a run."""

from __future__ import annotations

import hashlib
import re

from pydantic import TypeAdapter
from pydantic import ValidationError as SchemaError
from sqlalchemy import Engine

from monitor.runs import service
from monitor.runs.filters import RunFilter
from pegbox.errors import UnusableContentError
from pegbox.schemas.base import Name
from pegbox.schemas.runs.run import RunView

TAG = "trackio"
OLDEST_FIRST = "created_at"
NEWEST_FIRST = "-created_at"
MAX_RUNS = 1_000
"""In one answer."""

_name = TypeAdapter(Name)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def checked_name(value: object, what: str) -> str:
    """1 to 200 printable characters. Raises `UnusableContentError` that says what the name is of."""
    try:
        return _name.validate_python(value, strict=True)
    except SchemaError as error:
        raise UnusableContentError(f"{what}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def our_run_id(project: str, run: str, run_id: str | None) -> str:
    """The id under which we keep a run: Trackio's if it can be one of ours, else a hash of it."""
    if run_id is not None and _RUN_ID.fullmatch(run_id):
        return run_id
    return hashed_run_id(project, run if run_id is None else run_id)


def hashed_run_id(project: str, name: str) -> str:
    """The same for the same project and name, and not the id of anything else."""
    both = "\0".join((project, name)).encode("utf-8", "surrogatepass")
    return f"trackio-{hashlib.sha256(both).hexdigest()[:32]}"


def find_run(engine: Engine, project: str, run: str | None, run_id: str | None) -> RunView | None:
    """The project's run with this id, else the newest with this name."""
    if run_id is not None:
        for own in (our_run_id(project, "", run_id), hashed_run_id(project, run_id)):
            found = service.find_run(engine, own)
            if found is not None and found.id == own and found.experiment == project:
                return found
        return None
    if run is None:
        return None
    runs, _ = service.list_runs(
        engine, RunFilter(experiment=project, name=run, demo=True), sort=NEWEST_FIRST, limit=1, cursor=None
    )
    return runs[0] if runs else None


def list_runs(engine: Engine, project: str) -> list[RunView]:
    """The project's runs, oldest first, without demonstrations."""
    runs, _ = service.list_runs(engine, RunFilter(experiment=project), sort=OLDEST_FIRST, limit=MAX_RUNS, cursor=None)
    return runs
