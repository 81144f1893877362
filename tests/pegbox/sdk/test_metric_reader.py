"""Parsing of a job's server-sent events, whatever the chunks."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbox.sdk.resources.metric_stream import MAX_LINE_BYTES, MetricReader

points = st.lists(st.fixed_dictionaries({"step": st.integers(), "loss": st.none() | st.floats(0, 10)}), max_size=8)


def stream(found: list[dict[str, object]]) -> bytes:
    events = [f"id: {index + 1}\ndata: {json.dumps(point)}\n\n" for index, point in enumerate(found)]
    return ": keepalive\n\n".join([*events, 'event: end\ndata: {"status":"failed"}\n\n']).encode()


@given(points, st.lists(st.integers(0, 400), max_size=12))
def test_pieces_do_not_matter(found: list[dict[str, object]], cuts: list[int]) -> None:
    text = stream(found)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    reader = MetricReader(0)
    read = [point for first, last in pairwise(places) for point in reader.feed(text[first:last])]
    assert read == found
    assert reader.status == "failed"
    assert reader.last_event_id == len(found)


def test_a_point_cut_off_is_not_half_there() -> None:
    reader = MetricReader(0)
    assert reader.feed(b'id: 1\ndata: {"step": 1}\n\nid: 2\ndata: {"ste') == [{"step": 1}]
    reader.begin()  # a new connection sends the event again
    assert reader.feed(b'id: 2\r\ndata: {"step": 2}\r\n\r\n') == [{"step": 2}]
    assert reader.last_event_id == 2
    assert reader.status is None


def test_numbers_that_json_does_not_know() -> None:
    (point,) = MetricReader(0).feed(b'id: 1\ndata: {"step": 1, "loss": "NaN", "a": "-Infinity", "ts": "2026"}\n\n')
    assert point.loss is not None
    assert math.isnan(point.loss)
    assert (point["a"], point.ts) == (-math.inf, "2026")


def test_delays_grow_until_a_point_comes() -> None:
    reader = MetricReader(0)
    delays = [reader.next_delay(None) for _ in range(8)]
    assert delays == sorted(delays)
    assert delays[-1] == 10
    reader.feed(b'id: 1\ndata: {"step": 1}\n\n')
    assert reader.next_delay(None) == delays[0]


def test_something_else_than_a_stream() -> None:
    with pytest.raises(ValueError, match="not one of Pegbox"):
        MetricReader(0).feed(b"x" * (MAX_LINE_BYTES + 1))
