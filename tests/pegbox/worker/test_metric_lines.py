"""`METRIC:` lines: numbers become points, the rest is ignored or counted, however the output is cut."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbox.worker.output.metric_lines import MetricLineParser, MetricPoint, parse_point

NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=10).filter(
    lambda name: name != "step"
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=4)), max_size=6),
    st.lists(st.integers(0, 400), max_size=10),
)
def test_points_come_out_however_the_output_is_cut(points: list[tuple[int, dict[str, float]]], cuts: list[int]) -> None:
    lines = [f"METRIC:{json.dumps({'step': step, **values})}\nepoch done\n" for step, values in points]
    data = "".join(lines).encode()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = MetricLineParser()
    found = [point for a, b in pairwise(places) for point in reader.feed(data[a:b])]
    assert found + reader.close() == [MetricPoint(step, values) for step, values in points]
    assert reader.invalid == 0


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_anything_may_be_printed(pieces: list[bytes]) -> None:
    reader = MetricLineParser()
    for piece in pieces:
        reader.feed(piece)
    reader.close()


@pytest.mark.parametrize(
    "line",
    [
        *(
            '{"loss": NaN}',
            '{"loss": Infinity}',
            "[1]",
            "3",
            "{",
            '{"loss": "0.5"}',
            '{"loss": true}',
            "{}",
            '{"step": 1}',
        ),
        *(
            '{"step": -1, "loss": 1}',
            '{"step": 1.5, "loss": 1}',
            '{"step": true, "loss": 1}',
            '{"loss": 1e999}',
            "[" * 5000,
        ),
    ],
)
def test_bad_lines_are_counted(line: str) -> None:
    reader = MetricLineParser()
    assert reader.feed(f"METRIC:{line}\n".encode()) == []
    assert reader.invalid == 1


def test_what_is_no_number_is_left_out() -> None:
    assert parse_point(b'{"step": 2.0, "loss": 0.5, "name": "x", "list": [1], "big": 10}') == MetricPoint(
        2, {"loss": 0.5, "big": 10.0}
    )
    assert parse_point(b'{"loss": 1}') == MetricPoint(None, {"loss": 1.0})


def test_endless_lines_cost_nothing() -> None:
    reader = MetricLineParser()
    for _ in range(100):
        reader.feed(b"x" * 10_000)
    reader.feed(b"\nMETRIC:" + b"1" * 100_000)
    assert reader.feed(b'\nMETRIC:{"loss":1}\n') == [MetricPoint(None, {"loss": 1.0})]
    assert reader.invalid == 1
