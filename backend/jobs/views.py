"""Builds the API models of jobs from their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.jobs.kinds import kind_of
from backend.jobs.progress import progress_of
from backend.runs.summary import plain
from pegbox.schemas.jobs.environment import masked
from pegbox.schemas.jobs.job import (
    JobAction,
    JobCreated,
    JobOutcome,
    JobValidation,
    JobView,
    QueuePlace,
)
from pegbox.schemas.jobs.queue import JobResult
from pegbox.store.tables import Job, Run


def id_of(job: Job) -> str:
    """The public id of a job: the short id of a command job, otherwise the uid."""
    return job.id or job.uid


def status_of(job: Job) -> str:
    """The state in the terms of the kind's published API."""
    return kind_of(job).status(job)


def show_job(job: Job, run: Run | None, *, needed: Sequence[Job] = (), queue: QueuePlace | None = None) -> JobView:
    progress = progress_of(job, run)
    metrics = plain(run.summary) if run else {}
    values: dict[str, Any] = {
        "id": id_of(job),
        "uid": job.uid,
        "kind": job.kind,
        "name": job.name,
        "description": job.description,
        "tags": job.tags,
        "status": status_of(job),
        "state": job.state,
        "wanted": job.wanted,
        "created_at": job.created_at,
        "created_at_camel": job.created_at,
        "last_modified": max(job.updated_at, run.updated_at) if run else job.updated_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "archived_at": job.archived_at,
        "queued_at": job.queued_at,
        "configuration": None,
        "model_saving": None,
        "validation": show_validation(job),
        "training": None,
        "results": None,
        "metrics": metrics,
        "progress": progress.percent,
        "shell": job.shell,
        "environment": masked(job.environment),
        "gpu_count": job.gpu_count,
        "gpu_ids": [device["index"] for device in job.devices],
        "devices": job.devices,
        "priority": job.priority,
        "depends_on": [id_of(other) for other in needed],
        "max_retries": job.max_retries,
        "retries": job.retries,
        "retry_at": job.retry_at,
        "timeout_seconds": job.timeout_seconds,
        "queue": queue,
        "source_job": job.source_job,
        "experiment_id": job.experiment_id,
        "run_id": job.run_id,
        "worker_id": job.worker_id,
        "attempt": job.attempt,
        "exit_code": job.exit_code,
        "error_message": job.error,
    }
    return kind_of(job).show(values, job, run, progress, metrics)


def show_validation(job: Job) -> JobValidation:
    return JobValidation.model_validate(job.validation)


def show_created(job: Job, *, workers: int, needed: Sequence[Job] = ()) -> JobCreated:
    """The response to a creation. `workers` is the number of live workers; if it is 0, a warning says that the job waits."""
    validation = show_validation(job)
    if job.state == "queued" and not workers:
        validation.warnings.append("No worker is running; the job waits in the queue until one starts (pegbox worker)")
    return JobCreated(
        message=kind_of(job).created_message,
        job_uid=job.uid,
        id=id_of(job),
        uid=job.uid,
        kind=job.kind,
        name=job.name,
        status=status_of(job),
        state=job.state,
        gpu_count=job.gpu_count,
        priority=job.priority,
        created_at=job.created_at,
        created_at_camel=job.created_at,
        validation=validation,
        job=show_job(job, None, needed=needed),
    )


def show_action(job: Job, message: str) -> JobAction:
    return JobAction(
        id=id_of(job), uid=job.uid, status=status_of(job), state=job.state, wanted=job.wanted, message=message
    )


def show_outcome(job: Job) -> JobOutcome:
    detail = job.results.get("detail")
    return JobOutcome(
        uid=job.uid,
        state=job.state,
        error=job.error,
        exit_code=job.exit_code,
        model_id=job.results.get("modelId"),
        result=JobResult.model_validate(detail) if detail else None,
    )
