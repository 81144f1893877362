"""The text that Prometheus reads."""

from __future__ import annotations

import math

import pytest

from pegbox.web.metrics.exposition import Family, Sample, counter, gauge, gauges, number, render
from tests.exposition import read_exposition


def test_what_is_written_can_be_read() -> None:
    nasty = 'a "quoted" \\ back\nslash'
    text = render(
        [
            counter("things_total", "Things.\nAnd \\ more.", 3),
            gauge("level", "How far.", -0.25),
            gauges("by_name", "Each.", "name", {nasty: 1, "plain": 2.5e17}),
            Family("nobody", "gauge", "Without samples.", ()),
        ]
    )
    families = read_exposition(text)
    assert list(families) == ["things_total", "level", "by_name"]
    assert families["things_total"].help == r"Things.\nAnd \\ more."
    assert families["level"].value() == -0.25
    assert families["by_name"].value(name=nasty) == 1
    assert families["by_name"].value(name="plain") == 2.5e17


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12.0, "12"), (0.1, "0.1"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (1e-9, "1e-09")],
)
def test_numbers_as_prometheus_spells_them(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "level 1\n",  # no TYPE
        "# HELP level x\n# TYPE level gauge\nlevel 1",  # an open last line
        "# HELP level x\n# TYPE level gauge\nlevel one\n",
        "# HELP level x\n# TYPE level gauge\nlevel 1\nlevel 2\n",
        '# HELP level x\n# TYPE level gauge\nlevel{a="1" 2\n',
        '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
)
def test_the_reader_of_these_tests_is_strict(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        read_exposition(text)


def test_a_histogram_needs_all_its_parts() -> None:
    lonely = Family("h", "histogram", "x", (Sample(1, {"le": "+Inf"}, "_bucket"),))
    with pytest.raises(KeyError):
        read_exposition(render([lonely]))
