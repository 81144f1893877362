"""The points of one run in memory, as growing NumPy arrays. Series and training records are read from here.

A record has a step, a time, an epoch and a cursor; a series is a list of (record, value). Rewound records are dropped. The log is
the source of truth: a missing history is rebuilt from the log.
"""

from __future__ import annotations

import threading
from array import array
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from monitor.metrics.log.columns import Columns
from monitor.metrics.series.arrays import Floats, GrowingArray, Ints, Invariant, is_all_finite, is_nondecreasing

RECORD_BYTES = 32
POINT_BYTES = 12


class _SeriesBuffer:
    __slots__ = ("finite", "is_ordered", "last_step", "rows", "rows_rise", "values")

    def __init__(self) -> None:
        self.rows = GrowingArray(np.int32)
        self.values = GrowingArray(np.float64)
        self.finite = Invariant(is_all_finite)
        self.is_ordered = True  # steps ascend strictly
        self.rows_rise = True
        self.last_step = -(2**62)


class SeriesView:
    """One metric with one value per step, steps ascending. Arrays of equal length; `epochs` is NaN while unknown.

    `is_finite`: no value is NaN or infinite. `times_rise`, `epochs_rise`: no entry is NaN or less than the one before.
    """

    def __init__(
        self,
        records: tuple[Ints, Floats, Floats, Ints],
        rows: slice | NDArray[np.int32],
        values: Floats,
        *,
        is_finite: bool,
        times_rise: bool,
        epochs_rise: bool,
    ) -> None:
        self._records = records
        self._rows = rows
        self.values = values
        self.is_finite = is_finite
        self.times_rise = times_rise
        self.epochs_rise = epochs_rise

    # Lazy, since fancy indexing copies when other metrics have records in between.
    @cached_property
    def steps(self) -> Ints:
        return self._records[0][self._rows]

    @cached_property
    def times(self) -> Floats:
        return self._records[1][self._rows]

    @cached_property
    def epochs(self) -> Floats:
        return self._records[2][self._rows]

    @cached_property
    def seqs(self) -> Ints:
        return self._records[3][self._rows]

    def part(self, low: int, high: int) -> SeriesView:
        """Returns the points in the half-open index range [low, high)."""
        if isinstance(self._rows, slice):
            rows: slice | NDArray[np.int32] = slice(
                self._rows.start + low, min(self._rows.start + high, self._rows.stop)
            )
        else:
            rows = self._rows[low:high]
        return SeriesView(
            self._records,
            rows,
            self.values[low:high],
            is_finite=self.is_finite,
            times_rise=self.times_rise,
            epochs_rise=self.epochs_rise,
        )

    def at(self, indexes: Ints) -> tuple[Floats, Floats]:
        """Returns the times and epochs of the points at some indexes."""
        rows = indexes + self._rows.start if isinstance(self._rows, slice) else self._rows[indexes]
        return self._records[1][rows], self._records[2][rows]


class RunHistory:
    """Not thread-safe: hold `lock` while calling. Views stay valid after the lock is released."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.lock = threading.Lock()
        self.is_stale = True  # the log may hold more
        self.last_seq = 0
        self._steps = GrowingArray(np.int64)
        self._times = GrowingArray(np.float64)
        self._epochs = GrowingArray(np.float64)
        self._seqs = GrowingArray(np.int64)
        self._times_rise = Invariant(is_nondecreasing)
        self._epochs_rise = Invariant(is_nondecreasing)
        self._series: dict[str, _SeriesBuffer] = {}

    @property
    def size_bytes(self) -> int:
        """Approximate memory use in bytes."""
        points = sum(series.rows.size for series in self._series.values())
        return self._steps.size * RECORD_BYTES + points * POINT_BYTES + 2000 * (1 + len(self._series))

    @property
    def record_count(self) -> int:
        return self._steps.size

    @property
    def last_step(self) -> int | None:
        return int(self._steps.view.max()) if self._steps.size else None

    @property
    def last_epoch(self) -> float | None:
        epochs = self._epochs.view
        known = epochs[~np.isnan(epochs)]
        return float(known[-1]) if known.size else None

    @property
    def names(self) -> list[str]:
        """Metrics with at least one value, in the order in which they first appeared."""
        return [name for name, series in self._series.items() if series.rows.size]

    def apply(
        self,
        first_seq: int,
        last_seq: int,
        columns: Columns,
        rewind_to: int | None,
        seqs: array[int] | None = None,
    ) -> None:
        """Applies the next batch of the log; ignores a batch that was applied before. `seqs`: the cursors of a pack's points."""
        if last_seq <= self.last_seq:
            return
        self.last_seq = last_seq
        if rewind_to is not None:
            self.rewind(rewind_to)
        count = len(columns)
        if not count:
            return
        start = self._steps.size
        steps = np.frombuffer(columns.steps, np.int64)
        self._steps.extend(steps)
        self._times.extend(np.frombuffer(columns.times, np.float64))
        self._epochs.extend(np.frombuffer(columns.epochs, np.float64))
        self._seqs.extend(np.arange(first_seq, first_seq + count) if seqs is None else np.frombuffer(seqs, np.int64))
        all_rows = np.arange(start, start + count, dtype=np.int32)
        rises = count == 1 or bool((steps[1:] > steps[:-1]).all())
        for name, column in columns.metrics.items():
            values = np.frombuffer(column.values, np.float64)
            rows = all_rows
            if column.present is not None:
                present = np.frombuffer(column.present, np.bool_)
                values, rows = values[present], all_rows[present]
                if not rows.size:
                    continue
            series = self._series.get(name)
            if series is None:
                series = self._series[name] = _SeriesBuffer()
            if not rises or int(self._steps.view[rows[0]]) <= series.last_step:
                series.is_ordered = False
            highest = rows[-1] if rises else rows[self._steps.view[rows].argmax()]
            series.last_step = max(int(self._steps.view[highest]), series.last_step)
            series.rows.extend(rows)
            series.values.extend(values)

    def rewind(self, step: int) -> None:
        """Drops records with a step above `step`."""
        keep = self._steps.view <= step
        if keep.all():
            return
        for growing in (self._steps, self._times, self._epochs, self._seqs):
            growing.replace(growing.view[keep])
        self._times_rise.reset()
        self._epochs_rise.reset()
        new_row = np.cumsum(keep) - 1
        for series in self._series.values():
            rows = series.rows.view
            kept = keep[rows]
            series.values.replace(series.values.view[kept])
            series.rows.replace(new_row[rows[kept]])
            series.finite.reset()
            series.last_step = int(self._steps.view[series.rows.view].max()) if series.rows.size else -(2**62)

    def series(self, name: str) -> SeriesView | None:
        """Returns a metric in step order; a repeated step has the value logged last. None for a metric without values."""
        series = self._series.get(name)
        if series is None or not series.rows.size:
            return None
        if not series.is_ordered:
            self._order(series)
        rows = series.rows.view
        first, last = int(rows[0]), int(rows[-1])
        is_block = series.rows_rise and last - first + 1 == rows.size  # the common case: slices do not copy
        return SeriesView(
            (self._steps.view, self._times.view, self._epochs.view, self._seqs.view),
            slice(first, last + 1) if is_block else rows,
            series.values.view,
            is_finite=series.finite.holds_for(series.values.view),
            times_rise=series.rows_rise and self._times_rise.holds_for(self._times.view),
            epochs_rise=series.rows_rise and self._epochs_rise.holds_for(self._epochs.view),
        )

    def _order(self, series: _SeriesBuffer) -> None:
        rows = series.rows.view
        steps = self._steps.view[rows]
        order = np.argsort(steps, kind="stable")
        ordered = steps[order]
        newest = np.append(ordered[1:] != ordered[:-1], True)  # equal steps are in log order: the last one wins
        chosen = order[newest]
        chosen_rows = rows[chosen]
        series.values.replace(series.values.view[chosen])
        series.rows.replace(chosen_rows)
        series.finite.reset()
        series.rows_rise = bool((chosen_rows[1:] > chosen_rows[:-1]).all())
        series.is_ordered = True

    def last_values(self) -> dict[str, float]:
        """Returns the value at the greatest step of each metric."""
        values = {}
        for name in self.names:
            view = self.series(name)
            if view is not None:
                values[name] = float(view.values[-1])
        return values
