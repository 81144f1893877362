"""Timestamps in Trackio's format, ISO 8601 with microseconds and an offset, formatted in bulk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.metrics.series.arrays import Floats, Ints

PATTERN = b"0000-00-00T00:00:00.000000+00:00"
DAY = 86_400_000_000
"""Microseconds per day."""

Characters = NDArray[np.uint8]


def format_timestamp(seconds: float) -> str:
    """Formats one Unix time."""
    return format_timestamps(np.array([seconds]))[0]


def format_timestamps(times: Floats) -> list[str]:
    """Formats Unix times."""
    written: list[str] = ascii_timestamps(micros(times)).view(f"S{len(PATTERN)}").ravel().astype(str).tolist()
    return written


def micros(times: Floats) -> Ints:
    """Converts Unix seconds to whole microseconds."""
    return np.rint(times * 1e6).astype(np.int64)


def ascii_timestamps(moments: Ints) -> Characters:
    """ASCII timestamps of shape (n, len(PATTERN)) for moments in Unix microseconds.

    Computes each digit for all rows at once: a third of the time of `np.datetime_as_string`.
    """
    days, rest = np.divmod(moments, DAY)
    distinct, which = np.unique(days, return_inverse=True)
    dates = np.array([list(str(date).encode()) for date in distinct.astype("datetime64[D]")], np.uint8)
    text = np.empty((moments.size, len(PATTERN)), np.uint8)
    text[:] = np.frombuffer(PATTERN, np.uint8)
    if moments.size:
        text[:, :10] = dates[which]
    seconds, fraction = (part.astype(np.int32) for part in np.divmod(rest, 1_000_000))
    for place, unit, size in ((11, 3600, 24), (14, 60, 60), (17, 1, 60)):
        value = seconds // unit % size
        text[:, place] += (value // 10).astype(np.uint8)
        text[:, place + 1] += (value % 10).astype(np.uint8)
    for place in range(6):
        text[:, 20 + place] += (fraction // 10 ** (5 - place) % 10).astype(np.uint8)
    return text
