"""Series of a run as a chart wants them: bucketed, over steps, time or epochs, many in one answer."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from monitor.metrics.buckets import bucketize
from monitor.metrics.histories import Histories
from monitor.metrics.history import Floats, SeriesView

Axis = Literal["step", "time", "epoch"]
DIGITS_OF_TIME = 3


def read_series(
    histories: Histories,
    run_id: str,
    *,
    metrics: list[str] | None,
    columns: int,
    x: Axis = "step",
    start: float | None = None,
    end: float | None = None,
) -> dict[str, Any]:
    """The body of `GET /api/runs/{id}/series`. Metrics that were never logged are absent; None means all of them."""
    with histories.reading(run_id) as history:
        names = history.names if metrics is None else metrics
        views = {name: view for name in names if (view := history.series(name)) is not None}
        last_seq = history.last_seq
    series = {name: _reduce(view, columns, x, start, end) for name, view in views.items()}
    return {"x": x, "series": series, "last_seq": last_seq}


def _reduce(view: SeriesView, columns: int, axis: Axis, start: float | None, end: float | None) -> dict[str, Any]:
    if axis == "step":
        x: Floats = view.steps.astype(np.float64)
    else:
        x = view.times if axis == "time" else view.epochs
    values, chosen = view.values, None
    if axis != "step":
        known = ~np.isnan(x)
        if not known.all() or (x.size > 1 and bool((x[1:] < x[:-1]).any())):  # a clock may have gone back
            chosen = np.flatnonzero(known)
            chosen = chosen[np.argsort(x[chosen], kind="stable")]
            x, values = x[chosen], values[chosen]
    low = 0 if start is None else int(np.searchsorted(x, start, side="left"))
    high = x.size if end is None else int(np.searchsorted(x, end, side="right"))
    buckets = bucketize(x[low:high], values[low:high], columns)
    rows = buckets.last + low
    if chosen is not None:
        rows = chosen[rows]
    return {
        "x": _axis_values(buckets.x, axis),
        "mean": buckets.mean.tolist(),
        "min": buckets.min.tolist(),
        "max": buckets.max.tolist(),
        "count": buckets.count.tolist(),
        "nonfinite": _axis_values(buckets.nonfinite, axis),
        "epoch": [None if math.isnan(epoch) else epoch for epoch in view.epochs[rows].tolist()],
        "time": np.round(view.times[rows], DIGITS_OF_TIME).tolist(),
    }


def _axis_values(x: Floats, axis: Axis) -> list[Any]:
    values: list[Any] = (x.astype(np.int64) if axis == "step" else np.round(x, 6)).tolist()
    return values
