"""Metric points in the output of a command: lines such as `METRIC:{"step": 100, "loss": 0.45}`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

PREFIX = b"METRIC:"
LONGEST_LINE = 64 * 1024
MOST_NAMES = 1000
LONGEST_NAME = 200


@dataclass(frozen=True)
class Point:
    """Numbers of one step; without a step, of the next one."""

    step: int | None
    values: dict[str, float]


class MetricLines:
    """Fed with pieces of output however they are cut. `bad` counts lines that begin like a metric and are none."""

    def __init__(self) -> None:
        self.bad = 0
        self._line = b""
        self._skips = False

    def feed(self, data: bytes) -> list[Point]:
        """The points that the piece completes."""
        points: list[Point] = []
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._take(part)
            points += self._end()
        self._take(rest)
        return points

    def close(self) -> list[Point]:
        """The last line, when it had no end."""
        return self._end()

    def _take(self, part: bytes) -> None:
        """Keeps a line only as long as it may be a metric: others cost nothing, however long they are."""
        if self._skips or not part:
            return
        line = self._line + part
        if not line.startswith(PREFIX[: len(line)]) and not line.startswith(PREFIX):
            self._skips, self._line = True, b""
        elif len(line) > LONGEST_LINE:
            self.bad += 1
            self._skips, self._line = True, b""
        else:
            self._line = line

    def _end(self) -> list[Point]:
        line, self._line, self._skips = self._line, b"", False
        if not line.startswith(PREFIX):
            return []
        point = parse(line[len(PREFIX) :])
        if point is None:
            self.bad += 1
            return []
        return [point]


def parse(text: bytes) -> Point | None:
    """The point in a line's JSON; `None` when it is no object, has no finite number, or a step that is no whole number ≥ 0.

    Values that are not numbers are left out.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    step = found.pop("step", None)
    if step is not None and not (_is_number(step) and step >= 0 and step == int(step) and step < 2**63):
        return None
    values = {
        name: float(value) for name, value in found.items() if _is_number(value) and 0 < len(name) <= LONGEST_NAME
    }
    if not values or len(values) > MOST_NAMES:
        return None
    return Point(None if step is None else int(step), values)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a float holds
        return False
