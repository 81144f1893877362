"""Making a job once more: a clone with changes, or the same again after it has ended."""

from __future__ import annotations

from typing import Any

import pydantic
from sqlmodel import Session

from backend.jobs import commands, dependencies, lifecycle, service
from pegbox.errors import ConflictError, ValidationError
from pegbox.schemas.jobs.job import FinetuneCreate
from pegbox.settings import Settings
from pegbox.store.tables import Job


def clone_job(db: Session, settings: Settings, uid: str, changes: dict[str, Any]) -> Job:
    """A new job like this one, with the keys of the request that `changes` names replaced; secrets are copied unseen.

    Raises `NotFoundError`, or `ValidationError` when the changed request is not one.
    """
    source = service.get_job(db, uid)
    try:
        if source.kind == "command":
            needed = [job.uid for job in dependencies.list_needed(db, [source]).get(source.uid, [])]
            kept = [job.uid for job in dependencies.find_needed(db, needed)] if "depends_on" not in changes else []
            return commands.create_command(db, commands.request_of(source, changes, kept), source=source)
        return service.create_finetune(db, settings, _finetune(source, changes), source=source)
    except pydantic.ValidationError as error:
        findings = [{"loc": ["body", *finding["loc"]], "msg": finding["msg"]} for finding in error.errors()]
        first = findings[0]
        where = ".".join(str(part) for part in list(first["loc"])[1:])
        raise ValidationError(f"{where + ': ' if where else ''}{first['msg']}", errors=findings) from error


def restart_job(db: Session, settings: Settings, uid: str) -> Job:
    """The same job again, as a new one. Raises `ConflictError` while it has not ended."""
    source = service.get_job(db, uid)
    if source.state not in lifecycle.TERMINAL:
        raise ConflictError(f"A job that is {source.state} cannot be restarted; it has not ended")
    return clone_job(db, settings, uid, {})


def _finetune(source: Job, changes: dict[str, Any]) -> FinetuneCreate:
    configuration = source.configuration
    same = {
        "name": source.name,
        "description": source.description,
        "tags": source.tags,
        "configuration": {
            "model": configuration["model"],
            "dataset": configuration["dataset"],
            "hyperparameters": configuration["given"],
        },
        "modelSaving": source.model_saving,
        "priority": source.priority,
        "gpu_count": min(source.gpu_count, 1),
        "experiment_id": source.experiment_id,
    }
    if "experiment" in changes and "experiment_id" not in changes:
        same.pop("experiment_id")
    return FinetuneCreate.model_validate({**same, **changes})
