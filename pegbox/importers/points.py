"""Single values put together: what was logged one by one at a step becomes one point."""

from __future__ import annotations

from pegbox.importers.sources import Placed
from pegbox.importers.values import metric_name
from pegbox.sdk.recording.batch import Point

MAX_TOGETHER = 1_000


class PointGroup:
    """The values of one step, until another step, or the same metric again, begins the next point."""

    def __init__(self) -> None:
        self._position = 0
        self._step = 0
        self._time = 0.0
        self._values: dict[str, float] = {}

    def add(self, position: int, step: int, time: float, values: dict[str, float]) -> Placed | None:
        """Takes values; the point before, if these begin a new one."""
        closed = None
        full = len(self._values) + len(values) > MAX_TOGETHER
        if self._values and (step != self._step or full or not self._values.keys().isdisjoint(values)):
            closed = self.close()
        if not self._values:
            self._step, self._time = step, time
        self._values.update(values)
        self._position = position
        return closed

    def close(self) -> Placed | None:
        """The point so far, if there is one."""
        if not self._values:
            return None
        placed = Placed(self._position, (point(self._step, self._time, self._values),))
        self._values = {}
        return placed


def point(step: int, time: float, values: dict[str, float]) -> Point:
    """With our words for the metrics."""
    return step, time, {metric_name(name, values): value for name, value in values.items()}
