"""Combines values that were logged one by one at a step into one point."""

from __future__ import annotations

from pegbox.importers.sources import SourceRecord
from pegbox.importers.values import metric_name
from pegbox.sdk.recording.batch import Point

MAX_VALUES = 1_000


class PointBuilder:
    """Collects the values of one step. Another step, or the same metric again, starts the next point."""

    def __init__(self) -> None:
        self._position = 0
        self._step = 0
        self._time = 0.0
        self._values: dict[str, float] = {}

    def add(self, position: int, step: int, time: float, values: dict[str, float]) -> SourceRecord | None:
        """Adds values. Returns the previous point if the values start a new point."""
        record = None
        full = len(self._values) + len(values) > MAX_VALUES
        if self._values and (step != self._step or full or not self._values.keys().isdisjoint(values)):
            record = self.close()
        if not self._values:
            self._step, self._time = step, time
        self._values.update(values)
        self._position = position
        return record

    def close(self) -> SourceRecord | None:
        """Returns the point collected so far, if any, and starts a new point."""
        if not self._values:
            return None
        record = SourceRecord(self._position, (point(self._step, self._time, self._values),))
        self._values = {}
        return record


def point(step: int, time: float, values: dict[str, float]) -> Point:
    """A point with Pegbox's names of the metrics."""
    return step, time, {metric_name(name, values): value for name, value in values.items()}
