"""Copies of jobs: clones with changes, and unchanged restarts of jobs that have ended."""

from __future__ import annotations

from typing import Any

import pydantic
from sqlmodel import Session

from backend.jobs import service
from backend.jobs.kinds import kind_of
from pegbox.errors import ConflictError, ValidationError
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.settings import Settings
from pegbox.store.tables import Job


def clone_job(db: Session, settings: Settings, uid: str, changes: dict[str, Any]) -> Job:
    """Creates a copy of a job. `changes` replaces keys of the original request; secrets are copied, never returned.

    Raises `NotFoundError`, or `ValidationError` if the changed request is invalid.
    """
    source = service.get_job(db, uid)
    try:
        kind = kind_of(source)
        return kind.create(db, settings, kind.clone_request(db, source, changes), source=source)
    except pydantic.ValidationError as error:
        findings = [{"loc": ["body", *finding["loc"]], "msg": finding["msg"]} for finding in error.errors()]
        first = findings[0]
        where = ".".join(str(part) for part in list(first["loc"])[1:])
        raise ValidationError(f"{where + ': ' if where else ''}{first['msg']}", errors=findings) from error


def restart_job(db: Session, settings: Settings, uid: str) -> Job:
    """Creates an unchanged copy of a job. Raises `ConflictError` if the job has not ended."""
    source = service.get_job(db, uid)
    if source.state not in TERMINAL_STATES:
        raise ConflictError(f"A job that is {source.state} cannot be restarted; it has not ended")
    return clone_job(db, settings, uid, {})
