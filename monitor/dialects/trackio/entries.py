"""Parses log entries of scripts into numeric points and media."""

from __future__ import annotations

import contextlib
import math
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from monitor.dialects.trackio.typed_values import to_media
from monitor.metrics.log.media import MediaData
from monitor.metrics.log.nonfinite import NONFINITE_VALUES
from monitor.metrics.log.records import MAX_STEP, MAX_TIME

MAX_NAME = 200
MAX_COMPLAINTS = 20
_FLOATS = frozenset({float})
_NUMBERS = frozenset({float, int})


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """A log entry. Only entries replayed after an outage have a `timestamp`; only a run's first entry has a `config`."""

    project: str
    run: str
    metrics: dict[str, Any]
    run_id: str | None = None
    step: int | None = None
    config: dict[str, Any] | None = None
    log_id: str | None = None
    timestamp: str | None = None


class Record(msgspec.Struct, gc=False):
    """A parsed entry. `points` are floats, possibly non-finite; `id` is the deduplication id."""

    id: int
    time: float
    step: int | None
    points: dict[str, float] = {}
    media: dict[str, MediaData] = {}


class Problems:
    """Reasons for dropped values, deduplicated and limited in number."""

    def __init__(self) -> None:
        self.count = 0
        self.texts: list[str] = []

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.texts) < MAX_COMPLAINTS and text not in self.texts:
            self.texts.append(text)

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        return "; ".join(self.texts)


def read_entry(values: dict[str, Any], *, record_id: int, step: int | None, time: float, problems: Problems) -> Record:
    """Parses the values of an entry. An invalid value is dropped and added to `problems`; the other values are kept."""
    if are_valid_names(tuple(values)) and _is_valid_step(step):  # fast path: nearly all entries hold only numbers
        kinds = set(map(type, values.values()))
        if kinds <= _FLOATS:
            return Record(record_id, time, step, values)
        if kinds <= _NUMBERS:
            with contextlib.suppress(OverflowError):
                return Record(record_id, time, step, {name: float(value) for name, value in values.items()})
    record = Record(record_id, time, step)
    if not _is_valid_step(step):
        problems.add(f"step {step} is beyond what can be counted")
        record.step = None
    for name, value in values.items():
        problem = name_problem(name)
        if problem is not None:
            problems.add(problem)
        elif value is not None:
            _add_value(record, name, value, problems)
    return record


def _is_valid_step(step: int | None) -> bool:
    return step is None or -MAX_STEP <= step <= MAX_STEP


@lru_cache(maxsize=4096)  # a script uses few names, in every entry
def name_problem(name: str) -> str | None:
    """Returns why a metric name is invalid; None for a valid name."""
    if not 1 <= len(name) <= MAX_NAME:
        return f"metric name '{name[:40]}…' has {len(name)} characters; 1 to {MAX_NAME} are allowed"
    if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF for char in name):
        return f"metric name {name[:60]!r} holds control characters"
    return None


@lru_cache(maxsize=256)
def are_valid_names(names: tuple[str, ...]) -> bool:
    """Whether all names are valid metric names."""
    return all(name_problem(name) is None for name in names)


def _add_value(record: Record, name: str, value: Any, problems: Problems) -> None:
    number = as_number(value)
    if number is not None:
        record.points[name] = number
        return
    try:
        record.media[name] = to_media(value)
    except ValueError as error:
        problems.add(f"'{name}': {error}")


def as_number(value: Any) -> float | None:
    """Returns a number, or the float of a non-finite word (`NaN`, `Infinity`); None for anything else."""
    if isinstance(value, str):
        return NONFINITE_VALUES.get(value)
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def parse_timestamp(format_timestamp: str | None, arrival: float | None = None) -> float:
    """Parses an ISO 8601 time to Unix seconds; returns the arrival time (default now) when missing or invalid."""
    arrival = time.time() if arrival is None else arrival
    if format_timestamp is None:
        return arrival
    try:
        when = datetime.fromisoformat(format_timestamp)
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return arrival
    return seconds if 0 <= seconds <= MAX_TIME else arrival
