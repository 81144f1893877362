"""Builds the card of a job for pages from the API view of the job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.jobs.kinds import KINDS
from backend.jobs.lifecycle import Action, actions_of
from backend.pages.frame import filters
from pegbox.schemas.jobs.hyperparameters import METHOD_NAMES, Hyperparameters, Method
from pegbox.schemas.jobs.job import FinetuneView, JobView

PHASES = ("prepare", "load", "train", "evaluate", "save")
PHASE_WORDS = {
    "prepare": "Preparing",
    "load": "Loading",
    "train": "Training",
    "evaluate": "Evaluating",
    "save": "Saving",
}
STATE_WORDS = {
    "created": "Not started",
    "queued": "Queued",
    "running": "Running",
    "paused": "Paused",
    "completed": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
METHOD_WORDS: dict[Method, str] = METHOD_NAMES | {"full": "Full"}
PENDING_SENTENCES = {
    "pause": "Pausing: the worker finishes its step and saves a checkpoint.",
    "cancel": "Stopping: the worker finishes its step and saves a checkpoint.",
}
MAX_EPOCH_MARKS = 40
MAX_METRIC_NOTES = 3


@dataclass(frozen=True)
class JobCard:
    """The values of a job for lists, cards and the head of the job page. Most numbers are formatted text."""

    uid: str
    id: str
    kind: str
    name: str
    description: str
    tags: list[str]
    state: str
    state_word: str
    method_word: str
    model_name: str
    dataset_name: str
    dataset_uid: str
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    worker: str
    step: int
    total_steps: int | None
    percent: float
    progress_note: str
    epoch: str
    total_epochs: str
    elapsed: str
    remaining: str
    train_loss: str
    validation_loss: str
    best_validation_loss: str
    metric_notes: list[str]
    phases_done: dict[str, bool]
    epoch_marks: list[float]
    scheduler: str
    clip_note: str
    batch_note: str
    pending_word: str
    actions: frozenset[Action]


def job_card(job: JobView) -> JobCard:
    """The card of a job of any kind."""
    kind_fields = _training_fields(job) if isinstance(job, FinetuneView) else _other_fields(job)
    return JobCard(
        uid=job.uid,
        id=job.id,
        kind=job.kind,
        name=job.name,
        description=job.description,
        tags=job.tags,
        state=job.state,
        created_at=job.created_at,
        queued_at=job.queued_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        worker=job.worker_id or "",
        percent=job.progress,
        elapsed=_elapsed(job),
        train_loss=filters.figure(_number(job, "train_loss")),
        validation_loss=filters.figure(_number(job, "validation_loss")),
        best_validation_loss=filters.figure(_number(job, "best_validation_loss")),
        actions=actions_of(
            job.state,
            job.wanted,
            archived=job.archived_at is not None,
            pauses_while_running=KINDS[job.kind].pauses_while_running,
        ),
        **kind_fields,
    )


def queue_note(job: JobView) -> str:
    """Position in the queue and the reason for the wait; empty unless the job is queued."""
    return f"Place {job.queue.position} in the queue. {job.queue.reason}." if job.queue else ""


def _training_fields(job: FinetuneView) -> dict[str, Any]:
    training, values = job.training, job.configuration.hyperparameters
    is_running = job.state == "running"
    return {
        "state_word": PHASE_WORDS.get(training.phase or "", "Running") if is_running else STATE_WORDS[job.state],
        "method_word": METHOD_WORDS[values.method] if values.method else "–",
        "model_name": job.configuration.model.name,
        "dataset_name": job.configuration.dataset.name,
        "dataset_uid": job.configuration.dataset.uid,
        "step": training.current_step,
        "total_steps": training.total_steps,
        "progress_note": _progress_note(job),
        "epoch": filters.figure(_number(job, "epoch"), 2),
        "total_epochs": f"{values.epochs:g}" if not values.max_steps else "",
        "remaining": _remaining(job),
        "phases_done": _phases_done(job),
        "epoch_marks": _epoch_marks(job),
        "scheduler": values.scheduler.replace("_", " "),
        "clip_note": f"clipped at {values.max_grad_norm:g}" if values.max_grad_norm else "not clipped",
        "batch_note": _batch_note(values),
        "metric_notes": [],
        "pending_word": PENDING_SENTENCES.get(job.wanted, "") if is_running else "",
    }


def _other_fields(job: JobView) -> dict[str, Any]:
    is_running = job.state == "running"
    return {
        "state_word": "Waiting to retry" if job.retry_at and job.state == "queued" else STATE_WORDS[job.state],
        "method_word": job.kind.capitalize(),
        "model_name": job.command,
        "dataset_name": "",
        "dataset_uid": "",
        "step": 0,
        "total_steps": None,
        "progress_note": "",
        "epoch": "",
        "total_epochs": "",
        "remaining": "",
        "phases_done": {},
        "epoch_marks": [],
        "scheduler": "",
        "clip_note": "",
        "batch_note": "",
        "metric_notes": [
            f"{name} {filters.figure(_number(job, name))}" for name in sorted(job.metrics)[:MAX_METRIC_NOTES]
        ],
        "pending_word": f"Stopping: the {job.kind} is asked to end." if is_running and job.wanted == "cancel" else "",
    }


def _number(job: JobView, name: str) -> float | None:
    value = job.metrics.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _progress_note(job: FinetuneView) -> str:
    training = job.training
    if job.state in ("created", "queued"):
        return ""
    if not training.total_steps:
        return f"step {filters.whole(training.current_step)}" if training.current_step else ""
    return f"{filters.whole(training.current_step)} of {filters.whole(training.total_steps)}"


def _elapsed(job: JobView) -> str:
    if job.started_at is None:
        return "–"
    end = job.completed_at or datetime.now(UTC)
    return filters.duration((end - job.started_at).total_seconds())


def _remaining(job: FinetuneView) -> str:
    """Remaining time, from the duration of the last step."""
    seconds_per_step, total = _number(job, "step_seconds"), job.training.total_steps
    if job.state != "running" or not seconds_per_step or not total:
        return ""
    return filters.duration(seconds_per_step * max(0, total - job.training.current_step))


def _phases_done(job: FinetuneView) -> dict[str, bool]:
    if job.state == "completed":
        return dict.fromkeys(PHASES, True)
    current = job.training.phase
    reached = PHASES.index(current) if job.state == "running" and current else 0
    return {phase: index < reached for index, phase in enumerate(PHASES)}


def _epoch_marks(job: FinetuneView) -> list[float]:
    """Positions of the ends of epochs on the progress bar in percent, except the end of the last epoch."""
    values = job.configuration.hyperparameters
    if values.max_steps or not 1 < values.epochs <= MAX_EPOCH_MARKS:
        return []
    count = int(values.epochs) + (values.epochs % 1 > 0)
    return [round(100 * epoch / values.epochs, 2) for epoch in range(1, count)]


def _batch_note(values: Hyperparameters) -> str:
    if values.gradient_accumulation_steps == 1:
        return f"batch {values.batch_size}"
    return f"batch {values.batch_size} × {values.gradient_accumulation_steps}"
