"""Encodes the points of a metric as JSON objects `{"timestamp", "step", "value"}`, directly from columns."""

from __future__ import annotations

from itertools import chain

import msgspec
import numpy as np

from monitor.dialects.trackio.timestamps import PATTERN, ascii_timestamps, micros
from monitor.metrics.series.arrays import Floats, Ints

ROWS_AT_ONCE = 32_768
BEFORE_TIME, BEFORE_STEP, BEFORE_VALUE = b'},{"timestamp":"', b'","step":', b',"value":'


def encode_rows(steps: Ints, times: Floats, values: Floats) -> msgspec.Raw:
    """Encodes a JSON array of objects; non-finite values are null."""
    parts = [
        _encode(steps[low : low + ROWS_AT_ONCE], times[low : low + ROWS_AT_ONCE], values[low : low + ROWS_AT_ONCE])
        for low in range(0, values.size, ROWS_AT_ONCE)
    ]
    joined = b"".join(parts)  # each row starts with the closing brace of the row before
    return msgspec.Raw(b"[" + joined[2:] + b"}]" if joined else b"[]")


def _encode(steps: Ints, times: Floats, values: Floats) -> bytes:
    parts = [BEFORE_VALUE] * (4 * values.size)
    parts[0::4] = _openings(micros(times))
    parts[1::4] = _numbers(steps)
    parts[3::4] = _numbers(values)
    return b"".join(parts)


def _numbers(numbers: Ints | Floats) -> list[bytes]:
    return msgspec.json.encode(numbers.tolist())[1:-1].split(b",")


def _openings(moments: Ints) -> list[bytes]:
    """Returns the JSON prefix of each row. Entries of one call share a timestamp, which is formatted once."""
    first = np.flatnonzero(np.diff(moments, prepend=moments[0] - 1))
    width = len(BEFORE_TIME) + len(PATTERN) + len(BEFORE_STEP)
    text = np.empty((first.size, width), np.uint8)
    text[:, : len(BEFORE_TIME)] = np.frombuffer(BEFORE_TIME, np.uint8)
    text[:, len(BEFORE_TIME) : -len(BEFORE_STEP)] = ascii_timestamps(moments[first])
    text[:, -len(BEFORE_STEP) :] = np.frombuffer(BEFORE_STEP, np.uint8)
    openings: list[bytes] = text.view(f"S{width}").ravel().tolist()
    if first.size == moments.size:
        return openings
    counts = np.diff(first, append=moments.size).tolist()
    return list(chain.from_iterable([opening] * count for opening, count in zip(openings, counts, strict=True)))
