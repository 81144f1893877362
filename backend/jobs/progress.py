"""How far a training is, told from the run's last record and from what the worker reported."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pegbox.store.tables import Job, Run


@dataclass(frozen=True)
class Progress:
    """`percent` has one digit and is 100 only for a completed job; epochs are whole and counted from 1 (0: not begun)."""

    percent: float
    step: int
    total_steps: int | None
    epoch: int
    total_epochs: int


def progress_of(job: Job, run: Run | None) -> Progress:
    """Whichever of worker and run is further ahead counts."""
    total_steps = (run.total_steps if run else None) or job.max_steps
    step = max(job.step, (run.last_step or 0) if run else 0)
    epochs = total_epochs(job.hyperparameters)
    epoch = whole_epoch(run.last_epoch if run else None, epochs)
    if job.state == "completed":
        return Progress(100.0, step, total_steps, epoch or epochs, epochs)
    percent = round(min(100.0 * step / total_steps, 100.0), 1) if total_steps else 0.0
    return Progress(percent, step, total_steps, epoch, epochs)


def total_epochs(hyperparameters: dict[str, Any]) -> int:
    """Passes over the data that the job asks for, rounded up."""
    epochs = hyperparameters.get("epochs")
    return math.ceil(epochs) if isinstance(epochs, int | float) and epochs > 0 else 0


def whole_epoch(epoch: float | None, total: int) -> int:
    """The pass that a fractional epoch lies in: 0.3 and 1.0 are the first."""
    if epoch is None or not math.isfinite(epoch):
        return 0
    whole = max(1, math.ceil(epoch - 1e-6))
    return min(whole, total) if total else whole


def number(summary: dict[str, Any], name: str) -> float | None:
    """A metric's last value, if it is a finite number."""
    value = summary.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
