"""Training records: the points of a run with `train_loss`, each with the newest values of other metrics at that point.

REST and WebSocket share one function, so that both report the same record for a step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.metrics.log.nonfinite import json_number
from pegbox.schemas.runs.training import LossRecord

if TYPE_CHECKING:
    from monitor.metrics.series.arrays import Ints
    from monitor.metrics.series.history import RunHistory

LOSS = "train_loss"
MAX_EXTRA_METRICS = 50


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """A loss record with its cursor, time (Unix seconds), the metrics of the same point, and the expected number of records."""

    loss: LossRecord
    seq: int
    time: float
    metrics: dict[str, float | str | None]
    total: int


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The configured size of a training; None where the run does not report it."""

    batch_size: int | None
    total_steps: int | None
    total_epochs: int | None


def newest_records(
    history: RunHistory, plan: TrainingPlan, count: int, *, after: int = 0, with_metrics: bool = False
) -> list[TrainingRecord]:
    """Returns up to `count` newest records after the cursor, oldest first."""
    return _records(history, plan, after, count, newest=True, with_metrics=with_metrics)


def next_records(history: RunHistory, plan: TrainingPlan, count: int, *, after: int) -> list[TrainingRecord]:
    """Returns up to `count` records that follow the cursor, in cursor order."""
    return _records(history, plan, after, count, newest=False, with_metrics=True)


def count_records(history: RunHistory, *, after: int = 0) -> int:
    """Counts the records after the cursor."""
    view = history.series(LOSS)
    return 0 if view is None else int((view.seqs > after).sum())


def iterations_at(history: RunHistory, times: list[float]) -> list[int]:
    """Returns, for each time (Unix seconds), the index of the newest record at that time, 0 before the first."""
    import numpy as np  # noqa: PLC0415 - an idle monitor never loads NumPy

    view = history.series(LOSS)
    if view is None:
        return [0] * len(times)
    places = np.searchsorted(np.maximum.accumulate(view.times), times, side="right") - 1
    found: list[int] = np.maximum(places, 0).tolist()
    return found


def _records(
    history: RunHistory, plan: TrainingPlan, after: int, count: int, *, newest: bool, with_metrics: bool
) -> list[TrainingRecord]:
    import numpy as np  # noqa: PLC0415 - an idle monitor never loads NumPy

    view = history.series(LOSS)
    if view is None:
        return []
    indexes = np.flatnonzero(view.seqs > after)
    by_seq = np.argsort(view.seqs[indexes], kind="stable")
    indexes = indexes[-count:] if newest else indexes[by_seq][:count]
    if not indexes.size:
        return []
    seqs = view.seqs[indexes]
    validation = _known_at(history, "validation_loss", seqs)
    learning_rate = _known_at(history, "learning_rate", seqs)
    extras = _values_at(history, seqs) if with_metrics else [{} for _ in range(indexes.size)]
    first_step = int(view.steps[0])
    records = []
    for place, index in enumerate(indexes.tolist()):
        step = int(view.steps[index])
        loss = LossRecord(
            iteration=index,
            epoch=whole_epoch(float(view.epochs[index]), plan.total_epochs),
            step=step,
            train_loss=_finite(float(view.values[index])),
            validation_loss=validation[place],
            learning_rate=learning_rate[place],
            batch_size=plan.batch_size,
        )
        total = expected_points(index, step, first_step, plan.total_steps)
        records.append(TrainingRecord(loss, int(seqs[place]), float(view.times[index]), extras[place], total))
    return records


def expected_points(iteration: int, step: int, first_step: int, total_steps: int | None) -> int:
    """Estimates the total number of records from their spacing so far; at least `iteration + 1`."""
    if not total_steps:
        return iteration + 1
    last_step = total_steps if first_step > 0 else total_steps - 1
    spacing = (step - first_step) / iteration if iteration else 1.0
    expected = int((last_step - first_step) / spacing + 1e-9) + 1 if spacing > 0 else 0
    return max(expected, iteration + 1)


def whole_epoch(epoch: float, total: int | None) -> int:
    """Returns the 1-based pass over the data for a fractional epoch: 1 for 0.3 and 1.0. 0 while unknown."""
    if math.isnan(epoch) or abs(epoch) > 1e15:
        return 0
    whole = max(1, math.ceil(epoch - 1e-6))
    return min(whole, total) if total else whole


def _known_at(history: RunHistory, name: str, seqs: Ints) -> list[float | None]:
    """Returns, for each cursor, the newest value of a metric at or before the cursor."""
    import numpy as np  # noqa: PLC0415 - an idle monitor never loads NumPy

    view = history.series(name)
    if view is None:
        return [None] * len(seqs)
    order = np.argsort(view.seqs, kind="stable")
    places = np.searchsorted(view.seqs[order], seqs, side="right") - 1
    values = view.values[order]
    return [_finite(float(values[place])) if place >= 0 else None for place in places.tolist()]


def _values_at(history: RunHistory, seqs: Ints) -> list[dict[str, float | str | None]]:
    """Returns, for each cursor, the metrics logged in the same record."""
    import numpy as np  # noqa: PLC0415 - an idle monitor never loads NumPy

    found: list[dict[str, float | str | None]] = [{} for _ in range(len(seqs))]
    for name in history.names[:MAX_EXTRA_METRICS]:
        view = history.series(name)
        if view is None:
            continue
        order = np.argsort(view.seqs, kind="stable")
        sorted_seqs = view.seqs[order]
        places = np.searchsorted(sorted_seqs, seqs)
        for index, place in enumerate(places.tolist()):
            if place < len(order) and sorted_seqs[place] == seqs[index]:
                found[index][name] = json_number(float(view.values[order[place]]))
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
