"""Shapes jobs for the wire. The only place that does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.jobs.progress import Progress, number, progress_of
from backend.runs.summary import plain
from pegbox.schemas.jobs.environment import masked
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.schemas.jobs.job import (
    FinetuneView,
    JobAction,
    JobCreated,
    JobOutcome,
    JobResults,
    JobTraining,
    JobValidation,
    JobView,
    LiveMetrics,
    QueuePlace,
    ShownConfiguration,
    ShownReference,
)
from pegbox.schemas.jobs.queue import JobResult, ModelSaving
from pegbox.store.tables import Job, Run

COMMAND = "python -m pegbox.trainer.child"
"""What a worker really starts for a fine-tuning job; the job itself goes in over stdin."""


def id_of(job: Job) -> str:
    """What a job is called by: a command job's short id, else the uid."""
    return job.id or job.uid


def status_of(job: Job) -> str:
    """The word of the job's own kind: a command that has not begun is `pending`."""
    return "pending" if job.kind == "command" and job.state in ("created", "queued") else job.state


def show_job(job: Job, run: Run | None, *, needed: Sequence[Job] = (), queue: QueuePlace | None = None) -> JobView:
    is_command = job.kind == "command"
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
        "configuration": None if is_command else _show_configuration(job),
        "model_saving": None if is_command else ModelSaving.model_validate(job.model_saving),
        "validation": show_validation(job),
        "training": None if is_command else _show_training(job, progress, metrics),
        "results": None if is_command else _show_results(job),
        "live_metrics": _show_live(job, run, progress) if job.state == "running" and not is_command else None,
        "metrics": metrics,
        "progress": progress.percent,
        "command": job.command if is_command else COMMAND,
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
        "bad_metric_lines": job.results.get("bad_metric_lines", 0) if is_command else 0,
        "source_job": job.source_job,
        "experiment_id": job.experiment_id,
        "run_id": job.run_id,
        "worker_id": job.worker_id,
        "attempt": job.attempt,
        "exit_code": job.exit_code,
        "error_message": job.error,
    }
    return JobView(**values) if is_command else FinetuneView(**values)


def show_validation(job: Job) -> JobValidation:
    return JobValidation.model_validate(job.validation)


def show_created(job: Job, *, workers: int, needed: Sequence[Job] = ()) -> JobCreated:
    """`workers` are those present now: with none, the answer says that the job has to wait."""
    validation = show_validation(job)
    if job.state == "queued" and not workers:
        validation.warnings.append("No worker is running; the job waits in the queue until one starts (pegbox worker)")
    return JobCreated(
        message="Job submitted successfully" if job.kind == "command" else "Finetuning job created successfully",
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


def show_acted(job: Job, message: str) -> JobAction:
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


def _show_configuration(job: Job) -> ShownConfiguration:
    return ShownConfiguration(
        model=ShownReference.model_validate(job.configuration["model"]),
        dataset=ShownReference.model_validate(job.configuration["dataset"]),
        hyperparameters=Hyperparameters.model_validate(job.hyperparameters),
    )


def _show_training(job: Job, progress: Progress, metrics: dict[str, Any]) -> JobTraining:
    return JobTraining(
        started_at=job.started_at,
        completed_at=job.completed_at,
        progress=progress.percent,
        current_epoch=progress.epoch,
        total_epochs=progress.total_epochs,
        current_step=progress.step,
        total_steps=progress.total_steps,
        phase=job.phase if job.state == "running" else None,
        attempt=job.attempt,
        metrics=metrics,
    )


def _show_results(job: Job) -> JobResults:
    return JobResults.model_validate({key: value for key, value in job.results.items() if key != "detail"})


def _show_live(job: Job, run: Run | None, progress: Progress) -> LiveMetrics:
    summary = run.summary if run else {}
    return LiveMetrics(
        current_loss=number(summary, "train_loss"),
        validation_loss=number(summary, "validation_loss"),
        current_epoch=progress.epoch,
        current_step=progress.step,
        last_updated=run.updated_at if run else job.updated_at,
    )
