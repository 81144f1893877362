"""Maps Aspara's runs to Pegbox's: a project is an experiment; notes and project tags are stored in the run's config.

Config names with an underscore hold values that Pegbox has no field for; `_origin` names the protocol.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from monitor.dialects.aspara.names import RunPath
from monitor.dialects.aspara.schemas import RunAnnouncement
from monitor.metrics.ingest.writer import Writer
from monitor.runs import service
from pegbox.errors import ConflictError, NotFoundError
from pegbox.schemas.runs.run import RunCreate, RunUpdate, RunView

ORIGIN = {"_origin": "aspara"}
NOTES = "_notes"
PROJECT_TAGS = "_project_tags"
UNANNOUNCED = "_unannounced"
"""Marks a run that points or files created; a later announcement counts as the first."""


def announce_run(engine: Engine, writer: Writer, path: RunPath, body: RunAnnouncement) -> None:
    """Creates or resumes a run. Raises `ConflictError` when the run exists and `resume` is false."""
    known = _find_run(engine, path)
    if known is not None and body.resume:
        _resume(writer, path, body, known)
        return
    config = {**body.config, **_notes(body), **ORIGIN}
    if known is not None and known.config.get(UNANNOUNCED):
        changes = {**config, UNANNOUNCED: False}
        service.create_run(writer, _create(path, resume="must", config=changes, tags=body.tags))
        return
    try:
        service.create_run(writer, _create(path, resume="never", config=config, tags=body.tags))
    except ConflictError:
        raise ConflictError("Run already exists") from None


def _resume(writer: Writer, path: RunPath, body: RunAnnouncement, known: RunView) -> None:
    """Resumes a run, keeping its tags and notes; settings and project tags are merged."""
    before = known.config.get(PROJECT_TAGS)
    listed = [tag for tag in before if isinstance(tag, str)] if isinstance(before, list) else []  # config is free-form
    tags = list(dict.fromkeys([*listed, *(body.project_tags or [])]))
    config = {**body.config, **({PROJECT_TAGS: tags} if tags else {}), **ORIGIN}
    service.create_run(writer, _create(path, resume="must", config=config))


def make_unannounced_run(writer: Writer, path: RunPath) -> None:
    """Creates a run for points or a file without an announcement. No-op when the run exists."""
    try:
        service.create_run(writer, _create(path, resume="never", config={UNANNOUNCED: True, **ORIGIN}))
    except ConflictError:
        return


def update_run(writer: Writer, path: RunPath, changes: RunUpdate) -> None:
    """Updates a run. Raises `NotFoundError`."""
    try:
        service.update_run(writer, path.run_id, changes)
    except NotFoundError:
        raise NotFoundError("Run not found") from None


def _find_run(engine: Engine, path: RunPath) -> RunView | None:
    try:
        with engine.connect() as connection:
            return service.get_run(connection, path.run_id)
    except NotFoundError:
        return None


def _create(path: RunPath, **values: Any) -> RunCreate:
    return RunCreate(id=path.run_id, experiment=path.project, name=path.name, **values)


def _notes(body: RunAnnouncement) -> dict[str, Any]:
    """Returns notes and project tags that are not empty."""
    given = {NOTES: body.notes, PROJECT_TAGS: body.project_tags}
    return {name: value for name, value in given.items() if value}
