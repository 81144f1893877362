"""Columns as the JSON that Trackio's clients read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.dialects.trackio.timestamps import format_timestamps
from monitor.dialects.trackio.value_encoding import ROWS_AT_ONCE, encode_rows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(micros: int) -> str:
    return (EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds")


def test_times_are_those_of_the_calendar() -> None:
    random = np.random.default_rng(1)
    chosen = [0, 1, 999_999, 86_399_999_999, 86_400_000_000, 951_782_400_000_000, 1_709_164_800_123_456]
    micros = [*chosen, *random.integers(0, 4_000_000_000_000_000, 2_000).tolist()]
    assert format_timestamps(np.array(micros) / 1e6) == [written(moment) for moment in micros]
    assert format_timestamps(np.array([])) == []


@pytest.mark.parametrize("together", [1, 7, 10**6])
def test_every_point_has_its_row(together: int) -> None:
    count = ROWS_AT_ONCE + 5
    steps = np.arange(count) * 3 - 10
    times = 1.7e9 + np.arange(count) // together * 0.25
    values = np.sin(steps) * 1e-9
    values[[0, 4, count - 1]] = [np.nan, np.inf, -np.inf]
    rows = json.loads(bytes(encode_rows(steps, times, values)))
    assert rows == [
        {"timestamp": stamp, "step": step, "value": value if np.isfinite(value) else None}
        for stamp, step, value in zip(format_timestamps(times), steps.tolist(), values.tolist(), strict=True)
    ]


def test_no_point_no_row() -> None:
    assert bytes(encode_rows(np.empty(0, np.int64), np.empty(0), np.empty(0))) == b"[]"
