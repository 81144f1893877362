"""Converts Aspara's records to points. Values that are not numbers are dropped and reported to the client.

Aspara accepts any JSON as a value, and its client retries a refused record for half a minute while later records wait. So only
the invalid value is dropped, not its record.
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
from pegbox.schemas.runs.metric_names import canonical_name

MAX_MENTIONED = 20
MAX_MENTION = 100
"""Maximum characters shown of a dropped name."""


def read_points(records: Iterable[MetricRecord]) -> tuple[list[Point], dict[str, str]]:
    """Returns points and dropped metrics (name to reason). Raises `ValidationError` for a time out of range."""
    left_out: dict[str, str] = {}
    return [_point(record, left_out) for record in records], left_out


def _point(record: MetricRecord, left_out: dict[str, str]) -> Point:
    values: dict[str, float] = {}
    for name, value in record.metrics.items():
        found = _number(value)
        reason = _name_problem(name) or (found if isinstance(found, str) else "")
        if not reason:
            ours = canonical_name(name, record.metrics)
            values[name if ours in values else ours] = float(found)
        elif len(left_out) < MAX_MENTIONED:
            left_out[_shown(name)] = reason
    return Point(record.step, _unix_seconds(record), values)


def _number(value: Any) -> float | str:
    """Returns the value as a float, or the reason why it is not a number."""
    match value:
        case None:
            return math.nan  # Aspara's offline queue stores NaN and infinities as null
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
    # A time without a zone is local time, as in ISO 8601 and `datetime.now()`.
    try:
        seconds = record.timestamp.timestamp()
    except (OverflowError, OSError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= MAX_TIME:
        raise ValidationError(f"timestamp: {record.timestamp.isoformat()} is not between 1970 and 5138")
    return seconds
