"""A series reduced to as many columns as a chart has pixels: each column keeps its minimum, maximum and mean.

Pure arithmetic on arrays. Nothing is sampled away: the least and greatest value of every column are in the answer, and every
value that is not finite is listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.metrics.series.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Buckets:
    """Arrays of equal length, one entry per column that has a finite value; `nonfinite` holds x of NaN and infinite values."""

    x: Floats | Ints
    """x of the column's last value."""
    last: Ints
    """Index (into the given arrays) of the column's last value."""
    mean: Floats
    min: Floats
    max: Floats
    count: Ints
    nonfinite: Floats | Ints


def bucketize(x: Floats | Ints, y: Floats, columns: int, *, is_finite: bool = False) -> Buckets:
    """Cuts the range of x (ascending, finite, integers within ±2**53) into `columns` (at least 1) parts of equal width.

    With no more points than columns every point stays a column of its own. `is_finite` promises that every y is.
    """
    bad: Ints = np.empty(0, np.int64)
    nonfinite = x[:0]
    if not is_finite:
        finite = np.isfinite(y)
        bad = np.flatnonzero(~finite)
        if bad.size:
            nonfinite, x, y = x[bad], x[finite], y[finite]
    if x.size <= columns:
        return Buckets(x, _given(np.arange(x.size), bad), y, y, y, np.ones(x.size, np.int64), nonfinite)
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
    return Buckets(x[ends], _given(ends, bad), mean, low, high, counts, nonfinite)


def _given(index: Ints, bad: Ints) -> Ints:
    """Indexes among the finite values as indexes among all; `bad` are those of the others."""
    return index + np.searchsorted(bad - np.arange(bad.size), index, side="right") if bad.size else index


def _starts(x: Floats | Ints, columns: int) -> Ints:
    """Index of the first point of each column that has points."""
    part = np.arange(1, columns) / columns
    # Unlike a difference of the two ends, this cannot overflow; but rounding may carry it past the last one.
    edges = np.minimum(x[0] * (1 - part) + x[-1] * part, x[-1])
    if x.dtype == np.int64:
        edges = np.ceil(edges).astype(np.int64)  # the same points, found without a copy of x as floats
    return np.unique(np.append(0, np.searchsorted(x, edges, side="left")))[:columns]
