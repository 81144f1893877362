"""Metric points in the output of a command: lines such as `METRIC:{"step": 100, "loss": 0.45}`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

PREFIX = b"METRIC:"
MAX_LINE_BYTES = 64 * 1024
MAX_METRICS = 1000
"""Per line."""

MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class MetricPoint:
    """Metric values at a step; `None` means the step after the last."""

    step: int | None
    values: dict[str, float]


class MetricLineParser:
    """Parses output that arrives in pieces of any size. `invalid` counts lines with the prefix and without a valid point."""

    def __init__(self) -> None:
        self.invalid = 0
        self._line = b""
        self._skip_line = False

    def feed(self, data: bytes) -> list[MetricPoint]:
        """Takes the next piece and returns the points whose lines it completes."""
        points: list[MetricPoint] = []
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._extend_line(part)
            points += self._end_line()
        self._extend_line(rest)
        return points

    def close(self) -> list[MetricPoint]:
        """The point of a last line without a line break."""
        return self._end_line()

    def _extend_line(self, part: bytes) -> None:
        """Buffers the line only while it may be a metric line, so that long lines of other output take no memory."""
        if self._skip_line or not part:
            return
        line = self._line + part
        if not line.startswith(PREFIX[: len(line)]) and not line.startswith(PREFIX):
            self._skip_line, self._line = True, b""
        elif len(line) > MAX_LINE_BYTES:
            self.invalid += 1
            self._skip_line, self._line = True, b""
        else:
            self._line = line

    def _end_line(self) -> list[MetricPoint]:
        line, self._line, self._skip_line = self._line, b"", False
        if not line.startswith(PREFIX):
            return []
        point = parse_point(line[len(PREFIX) :])
        if point is None:
            self.invalid += 1
            return []
        return [point]


def parse_point(text: bytes) -> MetricPoint | None:
    """Parses the JSON of a metric line; values that are not numbers are skipped.

    `None` when it is no JSON object, contains no finite number, or `step` is not a whole number ≥ 0.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    step = fields.pop("step", None)
    if step is not None and not (_is_number(step) and step >= 0 and step == int(step) and step < 2**63):
        return None
    values = {
        name: float(value) for name, value in fields.items() if _is_number(value) and 0 < len(name) <= MAX_NAME_LENGTH
    }
    if not values or len(values) > MAX_METRICS:
        return None
    return MetricPoint(None if step is None else int(step), values)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False
