"""Training records: the points of a run that carry `train_loss`, each with what was known at that moment.

One function makes them for REST and WebSocket alike, so that both say the same of a step.
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
    """A loss record with its cursor, its time (Unix seconds), all metrics logged with it, and the points expected in all."""

    loss: LossRecord
    seq: int
    time: float
    metrics: dict[str, float | str | None]
    total: int


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What the run says of itself."""

    batch_size: int | None
    total_steps: int | None
    total_epochs: int | None


def newest_records(
    history: RunHistory, plan: TrainingPlan, count: int, *, after: int = 0, with_metrics: bool = False
) -> list[TrainingRecord]:
    """Up to `count` newest records behind the cursor, oldest first."""
    return _records(history, plan, after, count, newest=True, with_metrics=with_metrics)


def next_records(history: RunHistory, plan: TrainingPlan, count: int, *, after: int) -> list[TrainingRecord]:
    """Up to `count` records that follow the cursor, in the order of their cursors."""
    return _records(history, plan, after, count, newest=False, with_metrics=True)


def count_records(history: RunHistory, *, after: int = 0) -> int:
    """Records behind the cursor."""
    view = history.series(LOSS)
    return 0 if view is None else int((view.seqs > after).sum())


def iterations_at(history: RunHistory, times: list[float]) -> list[int]:
    """For moments (Unix seconds) the index of the record current then, 0 before the first."""
    import numpy as np  # noqa: PLC0415 - an idle monitor does without

    view = history.series(LOSS)
    if view is None:
        return [0] * len(times)
    places = np.searchsorted(np.maximum.accumulate(view.times), times, side="right") - 1
    found: list[int] = np.maximum(places, 0).tolist()
    return found


def _records(
    history: RunHistory, plan: TrainingPlan, after: int, count: int, *, newest: bool, with_metrics: bool
) -> list[TrainingRecord]:
    import numpy as np  # noqa: PLC0415 - an idle monitor does without

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
    """How many records the whole run will have, judged by their spacing so far; at least those there are."""
    if not total_steps:
        return iteration + 1
    last_step = total_steps if first_step > 0 else total_steps - 1
    spacing = (step - first_step) / iteration if iteration else 1.0
    expected = int((last_step - first_step) / spacing + 1e-9) + 1 if spacing > 0 else 0
    return max(expected, iteration + 1)


def whole_epoch(epoch: float, total: int | None) -> int:
    """The pass over the data that a fractional epoch lies in, from 1: 0.3 and 1.0 are the first. 0 while unknown."""
    if math.isnan(epoch) or abs(epoch) > 1e15:
        return 0
    whole = max(1, math.ceil(epoch - 1e-6))
    return min(whole, total) if total else whole


def _known_at(history: RunHistory, name: str, seqs: Ints) -> list[float | None]:
    """For each cursor the metric's newest value at or before it."""
    import numpy as np  # noqa: PLC0415 - an idle monitor does without

    view = history.series(name)
    if view is None:
        return [None] * len(seqs)
    order = np.argsort(view.seqs, kind="stable")
    places = np.searchsorted(view.seqs[order], seqs, side="right") - 1
    values = view.values[order]
    return [_finite(float(values[place])) if place >= 0 else None for place in places.tolist()]


def _values_at(history: RunHistory, seqs: Ints) -> list[dict[str, float | str | None]]:
    """For each cursor the metrics logged in that very record."""
    import numpy as np  # noqa: PLC0415 - an idle monitor does without

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
