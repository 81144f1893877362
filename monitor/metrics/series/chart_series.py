"""Series of a run as a chart wants them: bucketed, over steps, time or epochs, many in one answer."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.downsampling import bucketize
from monitor.metrics.series.history import SeriesView
from monitor.metrics.series.history_cache import Histories

Axis = Literal["step", "time", "epoch"]
DIGITS_OF_TIME = 3
DIGITS_OF_AXIS = 6
FAR = 2.0**62
"""Beyond every step."""


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
    x, order = _axis(view, axis)
    values = view.values if order is None else view.values[order]
    low = 0 if start is None else position(x, start, "left")
    high = x.size if end is None else position(x, end, "right")
    buckets = bucketize(x[low:high], values[low:high], columns, is_finite=view.is_finite)
    rows = buckets.last + low
    times, epochs = view.at(rows if order is None else order[rows])
    return {
        "x": _axis_values(buckets.x),
        "mean": buckets.mean.tolist(),
        "min": buckets.min.tolist(),
        "max": buckets.max.tolist(),
        "count": buckets.count.tolist(),
        "nonfinite": _axis_values(buckets.nonfinite),
        "epoch": [None if math.isnan(epoch) else epoch for epoch in epochs.tolist()],
        "time": np.round(times, DIGITS_OF_TIME).tolist(),
    }


def _axis(view: SeriesView, axis: Axis) -> tuple[Floats | Ints, Ints | None]:
    """Positions, rising, and the points they belong to; None for the order in which the view has them."""
    if axis == "step":
        return view.steps, None
    x = view.times if axis == "time" else view.epochs
    if view.times_rise if axis == "time" else view.epochs_rise:
        return x, None
    known = ~np.isnan(x)
    if known.all() and bool((x[1:] >= x[:-1]).all()):
        return x, None
    order = np.flatnonzero(known)
    order = order[np.argsort(x[order], kind="stable")]  # a clock may have gone back
    return x[order], order


def position(x: Floats | Ints, bound: float, side: Literal["left", "right"]) -> int:
    """Where the bound lies in the rising x: before (`left`) or behind (`right`) the points that equal it."""
    if x.dtype == np.int64:  # a whole bound that cuts alike spares a copy of x as floats
        within = min(max(bound, -FAR), FAR)
        bound = math.ceil(within) if side == "left" else math.floor(within)
    return int(np.searchsorted(x, bound, side=side))


def _axis_values(x: Floats | Ints) -> list[Any]:
    values: list[Any] = (x if x.dtype == np.int64 else np.round(x, DIGITS_OF_AXIS)).tolist()
    return values
