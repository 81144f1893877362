"""Downsampling loses no extreme value and adds none, for any series."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.series.downsampling import downsample

VALUES = st.floats(allow_nan=True, allow_infinity=True, width=64)
POSITIONS = st.one_of(st.integers(-1000, 1000).map(float), st.floats(allow_nan=False, allow_infinity=False))
SERIES = st.lists(st.tuples(POSITIONS, VALUES), max_size=300).map(
    lambda points: sorted(points, key=lambda point: point[0])
)


@given(SERIES, st.integers(1, 50))
def test_extremes_counts_and_positions(points: list[tuple[float, float]], columns: int) -> None:
    x = np.array([point[0] for point in points])
    y = np.array([point[1] for point in points])
    buckets = downsample(x, y, columns)
    finite = [point for point in points if math.isfinite(point[1])]
    assert buckets.nonfinite.tolist() == [point[0] for point in points if not math.isfinite(point[1])]
    assert int(buckets.count.sum()) == len(finite)
    assert len(buckets.x) <= max(columns, 0) or len(buckets.x) == len(finite) <= columns
    if not finite:
        assert not buckets.x.size
        return
    assert buckets.min.min() == min(point[1] for point in finite)
    assert buckets.max.max() == max(point[1] for point in finite)
    assert buckets.x[-1] == finite[-1][0]
    assert (buckets.x[1:] >= buckets.x[:-1]).all()
    assert (buckets.min <= buckets.mean).all()
    assert (buckets.mean <= buckets.max).all()
    assert (buckets.count >= 1).all()
    # Compares each column with the plain definition.
    start = 0
    for column, count in enumerate(buckets.count.tolist()):
        part = finite[start : start + count]
        start += count
        assert buckets.min[column] == min(value for _, value in part)
        assert buckets.max[column] == max(value for _, value in part)
        assert buckets.x[column] == part[-1][0]
        assert (x[buckets.last[column]], y[buckets.last[column]]) == part[-1]


def test_columns_are_equally_wide() -> None:
    x = np.array([0.0, 1.0, 2.0, 90.0, 91.0, 100.0])
    buckets = downsample(x, np.arange(6.0), 2)
    assert buckets.x.tolist() == [2.0, 100.0]
    assert buckets.mean.tolist() == [1.0, 4.0]


def test_few_points_stay_as_they_are() -> None:
    buckets = downsample(np.array([1.0, 2.0]), np.array([5.0, 3.0]), 2)
    assert buckets.mean.tolist() == [5.0, 3.0]
    assert buckets.count.tolist() == [1, 1]


def test_a_mean_never_overflows() -> None:
    buckets = downsample(np.arange(4.0), np.array([1.7e308, 1.7e308, -1.0, 1.7e308]), 1)
    assert math.isfinite(buckets.mean[0])
    assert buckets.min[0] <= buckets.mean[0] <= buckets.max[0]


@given(st.lists(st.integers(-(2**53), 2**53), max_size=300).map(sorted), st.integers(1, 50))
def test_whole_positions_are_cut_like_the_same_numbers_as_floats(positions: list[int], columns: int) -> None:
    y = np.arange(float(len(positions)))
    whole = downsample(np.array(positions, np.int64), y, columns, is_finite=True)
    floats = downsample(np.array(positions, np.float64), y, columns)
    assert whole.x.dtype == np.int64
    assert whole.x.tolist() == floats.x.tolist()
    assert whole.last.tolist() == floats.last.tolist()
    assert whole.count.tolist() == floats.count.tolist()


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 50))
def test_points_at_one_position_are_one_column(position: float, columns: int) -> None:
    buckets = downsample(np.full(100, position), np.arange(100.0), columns)
    assert buckets.x.tolist() == [position]
    assert (buckets.min[0], buckets.max[0], buckets.count[0]) == (0, 99, 100)
