"""Trackio's calls that read points: of one metric, at one time, of whole runs."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from monitor.dialects.functions import Caller
from monitor.dialects.trackio import names
from monitor.dialects.trackio.entries import parse_timestamp
from monitor.dialects.trackio.rows import Row, media_of, rows, thinned_points, views_of
from monitor.dialects.trackio.timestamps import format_timestamp
from monitor.dialects.trackio.typed_values import from_media
from monitor.dialects.trackio.value_encoding import encode_rows
from monitor.metrics.series.history import SeriesView
from pegbox.errors import UnusableContentError
from pegbox.schemas.runs.media import RunMedia
from pegbox.schemas.runs.run import RunView

MAX_POINTS = 10_000
USUAL_POINTS = 3_000
MAX_RUNS = 64


class RunKey(msgspec.Struct, frozen=True):
    """A run in a batch of reads."""

    run: str | None = None
    run_id: str | None = None


def find(caller: Caller, project: str, run: str | None, run_id: str | None) -> RunView | None:
    """Finds the run that a call refers to."""
    return names.find_run(caller.monitor.engine, project, run, run_id)


def get_logs(
    caller: Caller, project: str, run: str | None = None, run_id: str | None = None, scalar_only: bool = False
) -> list[Row]:
    """Returns the rows of a run, at most 3,000."""
    return _logs(caller, project, run, run_id, USUAL_POINTS, scalar_only=scalar_only)


def get_logs_batch(
    caller: Caller, project: str, runs: list[RunKey], max_points: int | None = USUAL_POINTS, scalar_only: bool = False
) -> list[dict[str, Any]]:
    """Returns the rows of up to 64 runs, at most 10,000 each."""
    points = _checked_max_points(max_points)
    return [
        {"run": key.run, "run_id": key.run_id, "logs": logs}
        for key in _checked_runs(runs)
        for logs in [_logs(caller, project, key.run, key.run_id, points, scalar_only=scalar_only)]
    ]


def _logs(
    caller: Caller, project: str, run: str | None, run_id: str | None, max_points: int, *, scalar_only: bool
) -> list[Row]:
    found = find(caller, project, run, run_id)
    if found is None:
        return []
    media = [] if scalar_only else media_of(caller.monitor, found.id)
    return rows(views_of(caller.monitor, found.id), media, max_points)


def _checked_max_points(max_points: int | None) -> int:
    if max_points is None:
        return USUAL_POINTS
    if max_points < 1:
        raise UnusableContentError("max_points must be at least 1")
    return min(max_points, MAX_POINTS)


def _checked_runs(runs: list[RunKey]) -> list[RunKey]:
    if len(runs) > MAX_RUNS:
        raise UnusableContentError(f"runs: at most {MAX_RUNS} in one call")
    return runs


def get_system_logs(caller: Caller, project: str, run: str | None = None, run_id: str | None = None) -> list[Row]:
    """Returns the system metrics of a run; rows have a time and no step."""
    return _system_logs(caller, project, run, run_id, USUAL_POINTS)


def get_system_logs_batch(
    caller: Caller, project: str, runs: list[RunKey], max_points: int | None = USUAL_POINTS
) -> list[dict[str, Any]]:
    """Returns the system metrics of up to 64 runs."""
    points = _checked_max_points(max_points)
    return [
        {"run": key.run, "run_id": key.run_id, "logs": _system_logs(caller, project, key.run, key.run_id, points)}
        for key in _checked_runs(runs)
    ]


def _system_logs(caller: Caller, project: str, run: str | None, run_id: str | None, max_points: int) -> list[Row]:
    found = find(caller, project, run, run_id)
    if found is None:
        return []
    readings = rows(views_of(caller.monitor, found.id, system=True), max_points=max_points)
    for reading in readings:
        del reading["step"]
    return readings


def get_metrics_for_run(caller: Caller, project: str, run: str | None = None, run_id: str | None = None) -> list[str]:
    """Returns the names of the metrics, in the order in which they first appeared."""
    found = find(caller, project, run, run_id)
    return [] if found is None else metric_names(caller, found.id)


def metric_names(caller: Caller, run_id: str) -> list[str]:
    """Returns the names of the metrics, then of the media."""
    shown = [item.name for item in media_of(caller.monitor, run_id)]
    return list(dict.fromkeys([*views_of(caller.monitor, run_id), *shown]))


def get_system_metrics_for_run(
    caller: Caller, project: str, run: str | None = None, run_id: str | None = None
) -> list[str]:
    """Returns the names of the system metrics."""
    found = find(caller, project, run, run_id)
    return [] if found is None else list(views_of(caller.monitor, found.id, system=True))


def get_metric_values(
    caller: Caller,
    project: str,
    run: str | None,
    metric_name: str,
    step: int | None = None,
    around_step: int | None = None,
    at_time: str | None = None,
    window: float | None = None,
    run_id: str | None = None,
    max_points: int | None = None,
) -> list[Row] | msgspec.Raw:
    """Returns the values of a metric: all, at a step, or within `window` steps or seconds of a step or time."""
    found = find(caller, project, run, run_id)
    if found is None:
        return []
    view = views_of(caller.monitor, found.id).get(metric_name)
    if view is not None:
        return encode_rows(*thinned_points(_part(view, step, around_step, at_time, window), max_points))
    return [_shown(item) for item in media_of(caller.monitor, found.id, metric_name) if step in (None, item.step)]


def _shown(item: RunMedia) -> Row:
    return {"timestamp": format_timestamp(item.time), "step": item.step, "value": from_media(item.data)}


def _part(
    view: SeriesView, step: int | None, around_step: int | None, at_time: str | None, window: float | None
) -> SeriesView:
    if step is not None:
        low, high = step, step
    elif around_step is not None and window is not None:
        low, high = around_step - int(window), around_step + int(window)
    elif at_time is not None and window is not None:
        centre = parse_timestamp(at_time)
        near = np.flatnonzero((view.times >= centre - window) & (view.times <= centre + window))
        return view.part(int(near[0]), int(near[-1]) + 1) if near.size else view.part(0, 0)
    else:
        return view
    bounds = (max(low, -(2**62)), min(high, 2**62))
    return view.part(
        int(np.searchsorted(view.steps, bounds[0], "left")), int(np.searchsorted(view.steps, bounds[1], "right"))
    )


def get_snapshot(
    caller: Caller,
    project: str,
    run: str | None = None,
    run_id: str | None = None,
    step: int | None = None,
    around_step: int | None = None,
    at_time: str | None = None,
    window: float | None = None,
) -> dict[str, msgspec.Raw]:
    """Returns all metrics at or around a step or time."""
    found = find(caller, project, run, run_id)
    if found is None:
        return {}
    parts = {
        name: _part(view, step, around_step, at_time, window)
        for name, view in views_of(caller.monitor, found.id).items()
    }
    return {name: encode_rows(*thinned_points(part, USUAL_POINTS)) for name, part in parts.items() if part.values.size}
