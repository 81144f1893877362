"""Aspara's records as points: whatever is a number is kept, of the rest the client is told.

Aspara takes any JSON as a value, and its client repeats what is refused for half a minute while everything behind it waits. So a
value that no chart could show is left out with a word, and the rest of its record counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from monitor.dialects.aspara.schemas import MetricRecord
from monitor.metrics.ingest.sequencer import Point
from monitor.metrics.log.nonfinite import NONFINITE_VALUES
from monitor.metrics.log.records import MAX_METRIC_NAME, MAX_TIME
from pegbox.errors import ValidationError
from pegbox.schemas.runs.metric_names import our_name

MAX_MENTIONED = 20
MAX_MENTION = 100
"""Characters of a name that is left out."""


def read_points(records: Iterable[MetricRecord]) -> tuple[list[Point], dict[str, str]]:
    """The points, and what was left out of them: name to reason. Raises `ValidationError` for an impossible time."""
    left_out: dict[str, str] = {}
    return [_point(record, left_out) for record in records], left_out


def _point(record: MetricRecord, left_out: dict[str, str]) -> Point:
    values: dict[str, float] = {}
    for name, value in record.metrics.items():
        found = _number(value)
        reason = _name_problem(name) or (found if isinstance(found, str) else "")
        if not reason:
            ours = our_name(name, record.metrics)
            values[name if ours in values else ours] = float(found)
        elif len(left_out) < MAX_MENTIONED:
            left_out[_shown(name)] = reason
    return Point(record.step, _unix_seconds(record), values)


def _number(value: Any) -> float | str:
    """The value as a number, or why it is none."""
    match value:
        case None:
            return math.nan  # a NaN or infinity that went through the client's offline queue
        case bool() | float():
            return float(value)
        case int():
            try:
                return float(value)
            except OverflowError:
                return "the number is too large"
        case str() if value in NONFINITE_VALUES:
            return NONFINITE_VALUES[value]
    return "not a number"


def _name_problem(name: str) -> str:
    if not 1 <= len(name) <= MAX_METRIC_NAME:
        return f"a metric's name has 1 to {MAX_METRIC_NAME} characters"
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF for char in name):
        return "a metric's name has no control characters"
    return ""


def _shown(name: str) -> str:
    return name[:MAX_MENTION].encode("utf-8", "replace").decode()


def _unix_seconds(record: MetricRecord) -> float:
    if record.timestamp is None:
        return time.time()
    # ISO 8601 and Python's datetime.now() mean local time where no zone is given.
    try:
        seconds = record.timestamp.timestamp()
    except (OverflowError, OSError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= MAX_TIME:
        raise ValidationError(f"timestamp: {record.timestamp.isoformat()} is not between 1970 and 5138")
    return seconds
