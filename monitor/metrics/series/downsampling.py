"""Downsampling: reduces a series to chart columns (buckets) with minimum, maximum and mean.

Pure functions on arrays. Extremes survive: each column has its least and greatest value, and all non-finite values are listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.metrics.series.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Buckets:
    """Arrays of equal length, one entry per column with a finite value; `nonfinite` holds x of NaN and infinite values."""

    x: Floats | Ints
    """x of the column's last value."""
    last: Ints
    """Index of the column's last value in the input arrays."""
    mean: Floats
    min: Floats
    max: Floats
    count: Ints
    nonfinite: Floats | Ints


def downsample(x: Floats | Ints, y: Floats, columns: int, *, is_finite: bool = False) -> Buckets:
    """Cuts the range of x (ascending, finite, integers within ±2**53) into `columns` (at least 1) buckets of equal width.

    With at most `columns` points each point is a bucket. `is_finite=True` asserts that all y are finite, which skips a check.
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
    # The sum of huge values may overflow, and rounding may move a mean outside its bounds.
    with np.errstate(over="ignore"):
        mean = np.add.reduceat(y, starts) / counts
    overflown = ~np.isfinite(mean)
    if overflown.any():
        mean[overflown] = low[overflown] / 2 + high[overflown] / 2
    mean = np.clip(mean, low, high)
    return Buckets(x[ends], _given(ends, bad), mean, low, high, counts, nonfinite)


def _given(index: Ints, bad: Ints) -> Ints:
    """Maps indexes into the finite values to indexes into all values; `bad` holds the indexes of non-finite values."""
    return index + np.searchsorted(bad - np.arange(bad.size), index, side="right") if bad.size else index


def _starts(x: Floats | Ints, columns: int) -> Ints:
    """Returns the index of the first point of each non-empty column."""
    part = np.arange(1, columns) / columns
    # Interpolation cannot overflow, unlike the difference of both ends; rounding may exceed the last x.
    edges = np.minimum(x[0] * (1 - part) + x[-1] * part, x[-1])
    if x.dtype == np.int64:
        edges = np.ceil(edges).astype(np.int64)  # equivalent bounds, without a copy of x as floats
    return np.unique(np.append(0, np.searchsorted(x, edges, side="left")))[:columns]
