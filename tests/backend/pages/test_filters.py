"""Numbers and moments as pages write them; the page scripts write the same."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from backend.pages.frame import filters


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.75512, 3, "0.755"),
        (12.3456, 3, "12.35"),
        (345.678, 3, "345.7"),
        (18203, 3, "18\u202f203"),
        (0.00004812, 3, "4.81e−5"),
        (0.0029, 3, "0.0029"),
        (-2.5, 1, "−2.5"),
        (0, 2, "0.00"),
        (None, 3, "–"),
        (math.nan, 3, "–"),
        (True, 3, "–"),
        ("0.5", 3, "–"),
    ],
)
def test_figures(value: object, digits: int, text: str) -> None:
    assert filters.figure(value, digits) == text


def test_lengths_sizes_and_moments() -> None:
    assert [filters.duration(seconds) for seconds in (3.4, 64, 16_680, 176_400)] == [
        "3 s",
        "1 m 04 s",
        "4 h 38 m",
        "2 d 1 h",
    ]
    assert [filters.size(value) for value in (512, 1536, 300 * 2**20)] == ["512 B", "1.5 KiB", "300 MiB"]
    moment = datetime(2026, 5, 3, 12, 30, tzinfo=UTC)
    assert filters.utc_clock(moment) == "3 May, 12:30 UTC"
    assert filters.iso(moment) == "2026-05-03T12:30:00+00:00"
    assert filters.unix(moment) == "1777811400.000"
    assert (filters.utc_clock(None), filters.iso(None), filters.unix(None)) == ("–", "", "")
