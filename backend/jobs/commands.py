"""Command jobs: how they are made, and what a worker is told of them."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from backend.experiments import service as experiments
from backend.identifiers import base36, new_job_uid, now_ms
from backend.jobs import dependencies, lifecycle, repository
from backend.jobs.gpu_wish import gpu_count_of, wanted_devices_of
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.command import CommandCreate, argv_of
from pegbox.schemas.jobs.job import JobValidation
from pegbox.store.database import begin_write
from pegbox.store.tables import Job, now


def create_command(db: Session, body: CommandCreate, *, source: Job | None = None) -> Job:
    """Stores a command job and, unless told otherwise, queues it.

    Raises `ValidationError` for GPUs that no machine has, a job in `depends_on` that cannot complete, or an unknown experiment.
    """
    gpu_count = gpu_count_of(db, body)
    wanted_devices = wanted_devices_of(db, body, gpu_count)
    db.rollback()
    begin_write(db)
    needed = dependencies.find_needed(db, body.depends_on)
    experiment = experiments.place_job(db, body.experiment_id, body.experiment or body.name)
    job = _new_job(db, body)
    job.gpu_count, job.wanted_devices, job.experiment_id = gpu_count, wanted_devices, experiment.id
    job.source_job = source.uid if source else None
    if body.auto_start:
        queue_command(job)
    db.add(job)
    db.flush()
    dependencies.add(db, job, needed)
    db.commit()
    return job


def queue_command(job: Job) -> None:
    """Puts a job into the queue with all that a worker needs to run it. The caller commits."""
    job.state = lifecycle.next_state("created", "start")
    job.queued_at, job.wanted = now(), "run"
    job.spec = {
        "uid": job.uid,
        "id": job.id,
        "name": job.name,
        "run_id": job.run_id,
        "argv": argv_of(job.command or "", shell=job.shell),
        "environment": job.environment,
        "timeout_seconds": job.timeout_seconds,
        "tags": job.tags,
    }


def request_of(job: Job, changes: dict[str, Any], needed: list[str]) -> CommandCreate:
    """The request that would make this job again, with some keys replaced. Raises pydantic's `ValidationError`."""
    same = {
        "name": job.name,
        "description": job.description,
        "tags": job.tags,
        "command": job.command,
        "shell": job.shell,
        "environment": job.environment,
        "gpu_count": job.gpu_count,
        "priority": job.priority,
        "experiment_id": job.experiment_id,
        "depends_on": needed,
        "max_retries": job.max_retries,
        "timeout_seconds": job.timeout_seconds,
    }
    if "experiment" in changes and "experiment_id" not in changes:
        same.pop("experiment_id")
    return CommandCreate.model_validate({**same, **changes})


def _new_job(db: Session, body: CommandCreate) -> Job:
    created_at = now()
    return Job(
        uid=_new_uid(db, body, utc_text(created_at)),
        id=_new_id(db),
        kind="command",
        name=body.name,
        description=body.description,
        tags=body.tags,
        validation=JobValidation(is_valid=True).model_dump(mode="json", by_alias=True),
        command=body.command,
        shell=body.shell,
        environment=body.environment,
        priority=body.priority,
        max_retries=body.max_retries,
        timeout_seconds=body.timeout_seconds,
        run_id=f"run-{base36(8)}",
        model_id="",
        created_at=created_at,
        updated_at=created_at,
    )


def _new_uid(db: Session, body: CommandCreate, created_at: str) -> str:
    at_ms = now_ms()
    content: dict[str, str | None] = {"name": body.name, "command": body.command, "createdAt": created_at}
    while repository.find_job(db, uid := new_job_uid(content, at_ms)) is not None:
        at_ms += 1
    return uid


def _new_id(db: Session) -> str:
    while repository.find_job(db, key := f"job-{base36(6)}") is not None:
        pass
    return key
