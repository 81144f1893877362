"""Series of a run for charts: downsampled over steps, time or epochs, several metrics per response."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.downsampling import downsample
from monitor.metrics.series.history import SeriesView
from monitor.metrics.series.history_cache import HistoryCache

Axis = Literal["step", "time", "epoch"]
DIGITS_OF_TIME = 3
DIGITS_OF_AXIS = 6
FAR = 2.0**62
"""Greater than every step."""


def read_series(
    histories: HistoryCache,
    run_id: str,
    *,
    metrics: list[str] | None,
    columns: int,
    x: Axis = "step",
    start: float | None = None,
    end: float | None = None,
) -> dict[str, Any]:
    """Returns the body of `GET /api/runs/{id}/series`. `metrics=None` means all; unknown metrics are absent."""
    with histories.reading(run_id) as history:
        names = history.names if metrics is None else metrics
        views = {name: view for name in names if (view := history.series(name)) is not None}
        last_seq = history.last_seq
    series = {name: _reduce(view, columns, x, start, end) for name, view in views.items()}
    return {"x": x, "series": series, "last_seq": last_seq}


def _reduce(view: SeriesView, columns: int, axis: Axis, start: float | None, end: float | None) -> dict[str, Any]:
    x, order = _axis(view, axis)
    values = view.values if order is None else view.values[order]
    low = 0 if start is None else bound_index(x, start, "left")
    high = x.size if end is None else bound_index(x, end, "right")
    buckets = downsample(x[low:high], values[low:high], columns, is_finite=view.is_finite)
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
    """Returns ascending axis values and the index of the point of each; None when the order is that of the view."""
    if axis == "step":
        return view.steps, None
    x = view.times if axis == "time" else view.epochs
    if view.times_rise if axis == "time" else view.epochs_rise:
        return x, None
    known = ~np.isnan(x)
    if known.all() and bool((x[1:] >= x[:-1]).all()):
        return x, None
    order = np.flatnonzero(known)
    order = order[np.argsort(x[order], kind="stable")]  # the clock may have been set back
    return x[order], order


def bound_index(x: Floats | Ints, bound: float, side: Literal["left", "right"]) -> int:
    """Returns the insertion index of a bound in ascending x: before (`left`) or after (`right`) equal values."""
    if x.dtype == np.int64:  # an equivalent integer bound avoids a copy of x as floats
        within = min(max(bound, -FAR), FAR)
        bound = math.ceil(within) if side == "left" else math.floor(within)
    return int(np.searchsorted(x, bound, side=side))


def _axis_values(x: Floats | Ints) -> list[Any]:
    values: list[Any] = (x if x.dtype == np.int64 else np.round(x, DIGITS_OF_AXIS)).tolist()
    return values
