"""Maps Trackio's names to Pegbox's: a project is an experiment, a run is a run."""

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
"""Maximum runs per response."""

_name = TypeAdapter(Name)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def checked_name(value: object, what: str) -> str:
    """Validates a name: 1 to 200 printable characters. Raises `UnusableContentError` that starts with `what`."""
    try:
        return _name.validate_python(value, strict=True)
    except SchemaError as error:
        raise UnusableContentError(f"{what}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def our_run_id(project: str, run: str, run_id: str | None) -> str:
    """Returns our id of a run: Trackio's id if valid in Pegbox, else a hash."""
    if run_id is not None and _RUN_ID.fullmatch(run_id):
        return run_id
    return hashed_run_id(project, run if run_id is None else run_id)


def hashed_run_id(project: str, name: str) -> str:
    """Returns an id that is a hash of project and name."""
    both = "\0".join((project, name)).encode("utf-8", "surrogatepass")
    return f"trackio-{hashlib.sha256(both).hexdigest()[:32]}"


def find_run(engine: Engine, project: str, run: str | None, run_id: str | None) -> RunView | None:
    """Finds the project's run with this id, else the newest run with this name."""
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
    """Returns the project's runs, oldest first, without demonstrations."""
    runs, _ = service.list_runs(engine, RunFilter(experiment=project), sort=OLDEST_FIRST, limit=MAX_RUNS, cursor=None)
    return runs
