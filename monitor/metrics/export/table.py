"""The points of a run as one table: a row per step, a column per metric, made a piece at a time.

What series show is what the table holds: rewound points are gone, of a step logged again the newest value counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.metrics.log.nonfinite import wire_number
from monitor.metrics.series.arrays import Floats, Ints
from monitor.metrics.series.chart_series import position
from monitor.metrics.series.history import SeriesView
from monitor.metrics.series.history_cache import Histories

Bools = NDArray[np.bool_]
Cells = list[int] | list[str] | list[float | str | None]
LEADING = ("step", "time", "epoch")
CHUNK_VALUES = 65_536
LEAST_ROWS = 64
"""Of a chunk: with thousands of metrics, looking each of them up costs more than its values."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of some rows; those that are not `present` mean nothing."""

    values: Floats
    present: Bools

    def cells(self) -> list[float | str | None]:
        """As text formats carry them: words for NaN and infinities, None for what is absent."""
        cells: list[float | str | None] = self.values.tolist()
        for index in np.flatnonzero(~np.isfinite(self.values)).tolist():
            cells[index] = wire_number(float(self.values[index]))
        for index in np.flatnonzero(~self.present).tolist():
            cells[index] = None
        return cells


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows. `micros` is Unix time in microseconds."""

    steps: Ints
    micros: Ints
    epoch: Column
    metrics: list[Column]

    def cells(self) -> list[Cells]:
        """Column by column, times as ISO 8601 in UTC."""
        moments = np.datetime_as_string(self.micros.astype("datetime64[us]"), unit="us")
        times = [f"{moment}Z" for moment in moments.tolist()]
        return [self.steps.tolist(), times, self.epoch.cells(), *(column.cells() for column in self.metrics)]


class Table:
    """A consistent view of what was logged when it was taken; the run may go on."""

    def __init__(self, views: dict[str, SeriesView]) -> None:
        self._epoch = views.get("epoch")
        self._views = list(views.values())
        self._metrics = [name for name in views if name != "epoch"]

    @property
    def header(self) -> list[str]:
        """Names of the columns, each once: a metric called `step` or `time` is `metric.step`, `metric.time`."""
        header = list(LEADING)
        taken = {*LEADING, *self._metrics}
        for name in self._metrics:
            column = name
            while column in LEADING or (column != name and column in taken):
                column = f"metric.{column}"
            taken.add(column)
            header.append(column)
        return header

    def chunks(self, values: int = CHUNK_VALUES, least_rows: int = LEAST_ROWS) -> Iterator[Chunk]:
        """Rows with rising steps, about `values` metric values at a time."""
        rows = max(values // max(len(self._views), 1), least_rows)
        positions = [0] * len(self._views)
        while True:
            # The next `rows` steps of all are among the next `rows` steps of each.
            parts = [view.part(at, at + rows) for view, at in zip(self._views, positions, strict=True)]
            candidates = [part.steps for part in parts if part.values.size]
            if not candidates:
                return
            steps = np.unique(np.concatenate(candidates))[:rows]
            parts = [part.part(0, int(np.searchsorted(part.steps, steps[-1], side="right"))) for part in parts]
            positions = [at + part.values.size for at, part in zip(positions, parts, strict=True)]
            yield self._chunk(steps, parts)

    def _chunk(self, steps: Ints, parts: list[SeriesView]) -> Chunk:
        """Time and epoch of a step are those of its newest record; of the epoch, the newest that is known."""
        count = steps.size
        times, time_seqs = np.zeros(count), np.zeros(count, np.int64)
        epochs, epoch_seqs = np.zeros(count), np.zeros(count, np.int64)
        own: Column | None = None
        metrics = []
        for view, part in zip(self._views, parts, strict=True):
            places = np.searchsorted(steps, part.steps)
            column = Column(np.zeros(count), np.zeros(count, np.bool_))
            column.values[places] = part.values
            column.present[places] = True
            if view is self._epoch:
                own = column
            else:
                metrics.append(column)
            newer = part.seqs > time_seqs[places]
            times[places[newer]], time_seqs[places[newer]] = part.times[newer], part.seqs[newer]
            newer = (part.seqs > epoch_seqs[places]) & ~np.isnan(part.epochs)
            epochs[places[newer]], epoch_seqs[places[newer]] = part.epochs[newer], part.seqs[newer]
        known = epoch_seqs > 0
        if own is not None:
            epochs, known = np.where(own.present, own.values, epochs), known | own.present
        return Chunk(steps, np.rint(times * 1e6).astype(np.int64), Column(epochs, known), metrics)


def take_table(
    histories: Histories,
    run_id: str,
    *,
    metrics: list[str] | None = None,
    start: float | None = None,
    end: float | None = None,
) -> Table:
    """The run's points with steps from `start` to `end`, both included. Metrics never logged are left out; None means all."""
    with histories.reading(run_id) as history:
        names = history.names if metrics is None else dict.fromkeys(metrics)
        views = {name: view for name in names if (view := history.series(name)) is not None}
    if start is not None or end is not None:
        views = {name: _cut(view, start, end) for name, view in views.items()}
    return Table(views)


def _cut(view: SeriesView, start: float | None, end: float | None) -> SeriesView:
    low = 0 if start is None else position(view.steps, start, "left")
    high = view.values.size if end is None else position(view.steps, end, "right")
    return view.part(low, max(low, high))
