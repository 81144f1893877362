"""Progress of a run: shown status, percentage, elapsed and remaining time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from monitor.runs.rows import RunRow
from monitor.runs.service import active_seconds, status_of
from monitor.training.durations import format_duration
from monitor.training.records import LOSS, TrainingPlan, whole_epoch
from pegbox.schemas.jobs.state import TERMINAL_STATES, UNSUCCESSFUL_STATES
from pegbox.schemas.runs.training import TrainingStatus

if TYPE_CHECKING:
    from monitor.metrics.series.history import RunHistory


RECENT = 64
"""Number of newest records that the current speed is computed from."""

PAUSE_FACTOR = 20.0
"""A gap of more than this many median gaps counts as a pause."""

JOB_STATE_OF_RUN_STATUS = {"finished": "completed"}


def plan_of(row: RunRow) -> TrainingPlan:
    """Returns the configured size of a training, from the run's config with the job's hyperparameters as fallback."""
    given: dict[str, Any] = {**(row.job_hyperparameters or {}), **row.config}
    epochs = _number(given.get("epochs", given.get("num_train_epochs")))
    return TrainingPlan(
        batch_size=_whole(given.get("batch_size", given.get("per_device_train_batch_size"))),
        total_steps=row.total_steps or row.job_max_steps,
        total_epochs=math.ceil(epochs) if epochs else None,
    )


def shown_status(row: RunRow) -> str:
    """Returns the state of the job; for a run without a job, the equivalent job state."""
    if row.job_state is not None:
        return str(row.job_state)
    status = status_of(row)
    return JOB_STATE_OF_RUN_STATUS.get(status, status)


def remaining_seconds(history: RunHistory, row: RunRow) -> float | None:
    """Estimates from the newest records; None with fewer than two records or an unknown number of steps."""
    import numpy as np  # noqa: PLC0415 - an idle monitor never loads NumPy

    total = plan_of(row).total_steps
    view = history.series(LOSS)
    if not total or view is None or view.steps.size < 2:
        return None
    steps, times = view.steps[-RECENT:], view.times[-RECENT:]
    gaps, advances = np.diff(times), np.diff(steps)
    usual = gaps <= PAUSE_FACTOR * max(float(np.median(gaps)), 1e-3)
    spent, advanced = float(gaps[usual].clip(0).sum()), int(advances[usual].sum())
    if advanced <= 0:
        return None
    return max(0.0, (total - int(view.steps[-1])) * spent / advanced)


def progress_percent(step: int, total_steps: int | None, word: str) -> float:
    """Returns 0 to 100."""
    if word == "completed":
        return 100.0
    if not total_steps:
        return 0.0
    return round(min(100.0 * step / total_steps, 100.0), 1)


def run_status(history: RunHistory, row: RunRow, job_id: str) -> TrainingStatus:
    """Returns the status of a run."""
    plan = plan_of(row)
    word = shown_status(row)
    step = max(0, row.last_step or 0, history.last_step or 0)
    remaining = 0.0 if word in TERMINAL_STATES else remaining_seconds(history, row)
    epoch = history.last_epoch if history.last_epoch is not None else row.last_epoch
    current = whole_epoch(math.nan if epoch is None else epoch, plan.total_epochs)
    return TrainingStatus(
        job_id=job_id,
        status=word,
        current_epoch=current,
        total_epochs=plan.total_epochs or current,
        progress_percent=progress_percent(step, plan.total_steps, word),
        elapsed_time=format_duration(active_seconds(row)),
        estimated_remaining=format_remaining(remaining),
        current_step=step,
        total_steps=plan.total_steps or step,
    )


def job_status(job: Row[Any]) -> TrainingStatus:
    """Returns the status of a job whose run has not begun."""
    given = job.hyperparameters or {}
    epochs = _number(given.get("epochs"))
    return TrainingStatus(
        job_id=job.uid,
        status=job.state,
        current_epoch=0,
        total_epochs=math.ceil(epochs) if epochs else 0,
        progress_percent=0.0,
        elapsed_time=format_duration(0),
        estimated_remaining=format_remaining(0.0 if job.state in UNSUCCESSFUL_STATES else None),
        current_step=0,
        total_steps=job.max_steps or 0,
    )


def format_remaining(seconds: float | None) -> str:
    """Formats remaining seconds as `~32m 15s`; `0s` below one second, `unknown` for None."""
    if seconds is None:
        return "unknown"
    return f"~{format_duration(seconds)}" if seconds >= 1 else "0s"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and 0 < value < 1e9 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
