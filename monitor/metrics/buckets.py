"""A series reduced to as many columns as a chart has pixels: each column keeps its minimum, maximum and mean.

Pure arithmetic on arrays. Nothing is sampled away: the least and greatest value of every column are in the answer, and every
value that is not finite is listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.metrics.history import Floats, Ints


@dataclass(frozen=True, slots=True)
class Buckets:
    """Arrays of equal length, one entry per column that has a finite value; `nonfinite` holds x of NaN and infinite values."""

    x: Floats
    """x of the column's last value."""
    last: Ints
    """Index (into the given arrays) of the column's last value."""
    mean: Floats
    min: Floats
    max: Floats
    count: Ints
    nonfinite: Floats


def bucketize(x: Floats, y: Floats, columns: int) -> Buckets:
    """Cuts the range of x (ascending, finite) into `columns` (at least 1) parts of equal width.

    With no more points than columns every point stays a column of its own.
    """
    finite = np.isfinite(y)
    if finite.all():
        nonfinite = np.empty(0)
        index = None
    else:
        nonfinite = x[~finite]
        index = np.flatnonzero(finite)
        x, y = x[index], y[index]
    if x.size <= columns:
        last = np.arange(x.size) if index is None else index
        return Buckets(x, last, y, y, y, np.ones(x.size, np.int64), nonfinite)
    starts = _starts(x, columns)
    ends = np.append(starts[1:], x.size) - 1
    counts = np.diff(np.append(starts, x.size))
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    # The sum of huge values may overflow, and rounding may carry a mean past its bounds.
    with np.errstate(over="ignore"):
        mean = np.add.reduceat(y, starts) / counts
    overflown = ~np.isfinite(mean)
    if overflown.any():
        mean[overflown] = low[overflown] / 2 + high[overflown] / 2
    mean = np.clip(mean, low, high)
    return Buckets(x[ends], ends if index is None else index[ends], mean, low, high, counts, nonfinite)


def _starts(x: Floats, columns: int) -> Ints:
    """Index of the first point of each column that has points."""
    part = np.arange(1, columns) / columns
    edges = x[0] * (1 - part) + x[-1] * part  # unlike a difference of the two, this cannot overflow
    return np.unique(np.append(0, np.searchsorted(x, edges, side="left")))[:columns]
