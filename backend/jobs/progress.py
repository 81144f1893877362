"""Progress of a training, from the last point of its run and the last report of its worker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pegbox.store.tables import Job, Run


@dataclass(frozen=True)
class Progress:
    """Progress of a job. `percent` has one decimal and is 100 only for a completed job; `epoch` counts from 1 (0: not started)."""

    percent: float
    step: int
    total_steps: int | None
    epoch: int
    total_epochs: int


def progress_of(job: Job, run: Run | None) -> Progress:
    """The progress of a job. The step is the larger of the worker's step and the run's step."""
    total_steps = (run.total_steps if run else None) or job.max_steps
    step = max(job.step, (run.last_step or 0) if run else 0)
    epochs = total_epochs(job.hyperparameters)
    epoch = whole_epoch(run.last_epoch if run else None, epochs)
    if job.state == "completed":
        return Progress(100.0, step, total_steps, epoch or epochs, epochs)
    percent = round(min(100.0 * step / total_steps, 100.0), 1) if total_steps else 0.0
    return Progress(percent, step, total_steps, epoch, epochs)


def total_epochs(hyperparameters: dict[str, Any]) -> int:
    """The requested number of epochs, rounded up; 0 if there is none."""
    epochs = hyperparameters.get("epochs")
    return math.ceil(epochs) if isinstance(epochs, int | float) and epochs > 0 else 0


def whole_epoch(epoch: float | None, total: int) -> int:
    """The number of the current epoch, counted from 1: 0.3 and 1.0 belong to epoch 1; 0 if the training has not started."""
    if epoch is None or not math.isfinite(epoch):
        return 0
    whole = max(1, math.ceil(epoch - 1e-6))
    return min(whole, total) if total else whole


def number(summary: dict[str, Any], name: str) -> float | None:
    """The last value of a metric; `None` unless the value is a finite number."""
    value = summary.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
