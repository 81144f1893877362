"""Points of a run as Trackio's rows: one per step, downsampled without losing peaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.context import Monitor
from monitor.dialects.trackio.timestamps import format_timestamps
from monitor.dialects.trackio.typed_values import from_media
from monitor.dialects.trackio.writes import SYSTEM
from monitor.metrics.log import store
from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.history import SeriesView
from pegbox.schemas.runs.media import RunMedia

Row = dict[str, Any]
MAX_MEDIA = 3_000
KEPT_PER_BUCKET = 4
"""Points kept per bucket: least, greatest and last value, and those that neighbouring buckets share."""


def views_of(monitor: Monitor, run_id: str, *, system: bool = False) -> dict[str, SeriesView]:
    """Returns the run's metrics under Trackio's names, or with `system` its system metrics."""
    with monitor.histories.reading(run_id) as history:
        found = {name: history.series(name) for name in history.names if name.startswith(SYSTEM) is system}
    prefix = len(SYSTEM) if system else 0
    return {name[prefix:]: view for name, view in found.items() if view is not None}


def media_of(monitor: Monitor, run_id: str, name: str | None = None) -> list[RunMedia]:
    """Returns the run's media, oldest first."""
    with monitor.engine.connect() as connection:
        found = store.read_media(connection, run_id, limit=MAX_MEDIA, name=name)
    return [RunMedia.model_validate(item.model_dump()) for item in found]


def rows(views: Mapping[str, SeriesView], media: Iterable[RunMedia] = (), max_points: int | None = None) -> list[Row]:
    """Returns a row per step with its values, `timestamp` and `step`, steps ascending. Non-finite values are null."""
    shown = list(media)
    steps = steps_of(views.values(), shown, max_points)
    found: list[Row] = [{} for _ in range(steps.size)]
    times = np.zeros(steps.size)
    for name, view in views.items():
        places = np.searchsorted(view.steps, steps)
        inside = places < view.steps.size
        inside[inside] = view.steps[places[inside]] == steps[inside]
        chosen = places[inside]
        targets = np.flatnonzero(inside)
        times[targets] = np.maximum(times[targets], view.times[chosen])
        for target, value in zip(targets.tolist(), view.values[chosen].tolist(), strict=True):
            found[target][name] = value
    for item in shown:
        target = int(np.searchsorted(steps, item.step))
        found[target][item.name] = from_media(item.data)
        times[target] = max(times[target], item.time)
    for row, timestamp, step in zip(found, format_timestamps(times), steps.tolist(), strict=True):
        row["timestamp"], row["step"] = timestamp, step
    return found


def steps_of(views: Iterable[SeriesView], media: Sequence[RunMedia], max_points: int | None = None) -> Ints:
    """Returns the steps that have a row, ascending."""
    steps = _steps(list(views), max_points)
    return np.union1d(steps, np.array([item.step for item in media], np.int64)) if media else steps


def _steps(given: list[SeriesView], max_points: int | None) -> Ints:
    if not given:
        return np.empty(0, np.int64)
    # Most metrics of a script share their steps, which ascend already.
    others = [view.steps for view in given[1:] if not np.array_equal(view.steps, given[0].steps)]
    every = np.unique(np.concatenate([given[0].steps, *others])) if others else given[0].steps
    if max_points is None or every.size <= max_points:
        return every
    buckets = max(1, max_points // (KEPT_PER_BUCKET * len(given)))
    chosen = np.unique(np.concatenate([view.steps[_outline_indexes(view.values, buckets)] for view in given]))
    return chosen if chosen.size <= max_points else chosen[_evenly(chosen.size, max_points)]


def _outline_indexes(values: Floats, buckets: int) -> NDArray[np.int64]:
    """Returns the indexes of the first value and of the least, greatest and last value of each bucket."""
    edges = np.unique(np.linspace(0, values.size, buckets + 1).astype(np.int64))
    least, greatest = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    chosen = [0]
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        chosen += [low + int(least[low:high].argmin()), low + int(greatest[low:high].argmax()), high - 1]
    return np.unique(np.array(chosen, np.int64))


def _evenly(count: int, wanted: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, wanted).astype(np.int64))


def thinned_points(view: SeriesView, max_points: int | None) -> tuple[Ints, Floats, Floats]:
    """Returns steps, times and values of a metric: all, or at most `max_points` without losing peaks."""
    steps, times, numbers = view.steps, view.times, view.values
    if max_points is None or not 0 < max_points < numbers.size:
        return steps, times, numbers
    chosen = _outline_indexes(numbers, max(1, max_points // KEPT_PER_BUCKET))
    chosen = chosen if chosen.size <= max_points else chosen[_evenly(chosen.size, max_points)]
    return steps[chosen], times[chosen], numbers[chosen]
