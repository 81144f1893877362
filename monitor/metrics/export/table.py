"""The points of a run as one table: a row per step, a column per metric, generated in chunks.

Same points as in series: rewound points are dropped, and a step logged repeatedly has its newest value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.metrics.log.nonfinite import json_number
from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.chart_series import bound_index
from monitor.metrics.series.history import SeriesView
from monitor.metrics.series.history_cache import HistoryCache

Bools = NDArray[np.bool_]
Cells = list[int] | list[str] | list[float | str | None]
INDEX_COLUMNS = ("step", "time", "epoch")
CHUNK_VALUES = 65_536
MIN_ROWS = 64
"""Minimum rows per chunk: with thousands of metrics the cost per metric exceeds the cost per value."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of a chunk of rows. Ignore values that are not `present`."""

    values: Floats
    present: Bools

    def cells(self) -> list[float | str | None]:
        """Returns values for text formats: NaN and infinities as strings, None for missing values."""
        cells: list[float | str | None] = self.values.tolist()
        for index in np.flatnonzero(~np.isfinite(self.values)).tolist():
            cells[index] = json_number(float(self.values[index]))
        for index in np.flatnonzero(~self.present).tolist():
            cells[index] = None
        return cells


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of rows. `micros` is Unix time in microseconds."""

    steps: Ints
    micros: Ints
    epoch: Column
    metrics: list[Column]

    def cells(self) -> list[Cells]:
        """Returns the cells of each column, times as ISO 8601 in UTC."""
        moments = np.datetime_as_string(self.micros.astype("datetime64[us]"), unit="us")
        times = [f"{moment}Z" for moment in moments.tolist()]
        return [self.steps.tolist(), times, self.epoch.cells(), *(column.cells() for column in self.metrics)]


class Table:
    """A consistent snapshot of the points of a run; later points are not included."""

    def __init__(self, views: dict[str, SeriesView]) -> None:
        self._epoch = views.get("epoch")
        self._views = list(views.values())
        self._metrics = [name for name in views if name != "epoch"]

    @property
    def header(self) -> list[str]:
        """Unique column names: metrics called `step` or `time` become `metric.step`, `metric.time`."""
        header = list(INDEX_COLUMNS)
        taken = {*INDEX_COLUMNS, *self._metrics}
        for name in self._metrics:
            column = name
            while column in INDEX_COLUMNS or (column != name and column in taken):
                column = f"metric.{column}"
            taken.add(column)
            header.append(column)
        return header

    def chunks(self, values: int = CHUNK_VALUES, min_rows: int = MIN_ROWS) -> Iterator[Chunk]:
        """Yields rows in ascending step order, about `values` metric values per chunk."""
        rows = max(values // max(len(self._views), 1), min_rows)
        positions = [0] * len(self._views)
        while True:
            # The next `rows` steps of all metrics are among the next `rows` steps of each metric.
            parts = [view.part(at, at + rows) for view, at in zip(self._views, positions, strict=True)]
            candidates = [part.steps for part in parts if part.values.size]
            if not candidates:
                return
            steps = np.unique(np.concatenate(candidates))[:rows]
            parts = [part.part(0, int(np.searchsorted(part.steps, steps[-1], side="right"))) for part in parts]
            positions = [at + part.values.size for at, part in zip(positions, parts, strict=True)]
            yield self._chunk(steps, parts)

    def _chunk(self, steps: Ints, parts: list[SeriesView]) -> Chunk:
        """Time and epoch of a step come from its newest record, the epoch from the newest record with a known epoch."""
        count = steps.size
        times, time_seqs = np.zeros(count), np.zeros(count, np.int64)
        epochs, epoch_seqs = np.zeros(count), np.zeros(count, np.int64)
        logged_epoch: Column | None = None
        metrics = []
        for view, part in zip(self._views, parts, strict=True):
            places = np.searchsorted(steps, part.steps)
            column = Column(np.zeros(count), np.zeros(count, np.bool_))
            column.values[places] = part.values
            column.present[places] = True
            if view is self._epoch:
                logged_epoch = column
            else:
                metrics.append(column)
            newer = part.seqs > time_seqs[places]
            times[places[newer]], time_seqs[places[newer]] = part.times[newer], part.seqs[newer]
            newer = (part.seqs > epoch_seqs[places]) & ~np.isnan(part.epochs)
            epochs[places[newer]], epoch_seqs[places[newer]] = part.epochs[newer], part.seqs[newer]
        known = epoch_seqs > 0
        if logged_epoch is not None:
            epochs, known = np.where(logged_epoch.present, logged_epoch.values, epochs), known | logged_epoch.present
        return Chunk(steps, np.rint(times * 1e6).astype(np.int64), Column(epochs, known), metrics)


def read_table(
    histories: HistoryCache,
    run_id: str,
    *,
    metrics: list[str] | None = None,
    start: float | None = None,
    end: float | None = None,
) -> Table:
    """Reads the points with steps in [start, end]. `metrics=None` means all; unknown metrics are absent."""
    with histories.reading(run_id) as history:
        names = history.names if metrics is None else dict.fromkeys(metrics)
        views = {name: view for name in names if (view := history.series(name)) is not None}
    if start is not None or end is not None:
        views = {name: _clip(view, start, end) for name, view in views.items()}
    return Table(views)


def _clip(view: SeriesView, start: float | None, end: float | None) -> SeriesView:
    low = 0 if start is None else bound_index(view.steps, start, "left")
    high = view.values.size if end is None else bound_index(view.steps, end, "right")
    return view.part(low, max(low, high))
