"""The numbers of rows, steps and evaluations of a job, computed as its trainer computes them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pegbox.schemas.jobs.hyperparameters import Hyperparameters, count_held_out


@dataclass(frozen=True)
class Plan:
    """Counts for a training. `evaluations` excludes the evaluation before the first step; with packing, `steps` is a maximum."""

    training_rows: int
    validation_rows: int
    steps_per_epoch: int
    steps: int
    evaluations: int


def plan_of(rows: int, values: Hyperparameters) -> Plan:
    """The plan for a dataset of `rows` rows on one device."""
    validation_rows = count_held_out(rows, values.validation_split)
    training_rows = rows - validation_rows
    batches = math.ceil(training_rows / values.batch_size)
    steps_per_epoch = max(1, math.ceil(batches / values.gradient_accumulation_steps))
    steps = values.max_steps or math.ceil(steps_per_epoch * values.epochs)
    evaluations = math.ceil(steps / values.evaluate_every(steps)) if validation_rows else 0
    return Plan(training_rows, validation_rows, steps_per_epoch, steps, evaluations)
