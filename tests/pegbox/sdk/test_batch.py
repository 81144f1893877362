"""The monitor decodes what the SDK encodes: every value, in order, within the limits."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.ingest.batch_schema import decode_batch
from pegbox.sdk.recording.batch import BatchEncoder, Event, Patch, Rewind, Samples
from pegbox.sdk.recording.uploader import BATCH_START

NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
POINT = st.tuples(st.integers(-(2**53), 2**53), st.floats(0, 1e11), st.dictionaries(NAME, st.floats(), max_size=5))
ENTRY = st.one_of(
    POINT,
    st.builds(Rewind, st.integers(0, 100)),
    st.builds(Patch, st.fixed_dictionaries({"total_steps": st.integers(0, 9)})),
    st.builds(Event, st.none() | st.integers(0, 9), st.just(1.0), st.just("note"), NAME, NAME),
    st.builds(
        Samples, st.integers(0, 9), st.just(1.0), NAME, st.just([{"prompt": "p", "expected": "e", "answer": "a"}])
    ),
)


def same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


@given(st.lists(ENTRY, max_size=40))
def test_nothing_is_lost_on_the_way(entries: list[Any]) -> None:
    encoder = BatchEncoder("w")
    points: list[Any] = []
    others: list[Any] = []
    sequences = []
    for line in encoder.lines(entries):
        assert b"\n" not in line
        if not line.startswith(BATCH_START):
            others.append(Patch(json.loads(line)["patch"]))
            continue
        batch, columns = decode_batch(line[len(BATCH_START) : -1])
        sequences.append(batch.sequence)
        if batch.rewind_to is not None:
            others.append(Rewind(batch.rewind_to))
            points.append(batch.rewind_to)
        for index in range(len(columns)):
            values = {name: column.get(index) for name, column in columns.metrics.items()}
            points.append((columns.steps[index], columns.times[index], values))
        others += [
            Samples(s.step, s.time, s.name, [{"prompt": "p", "expected": "e", "answer": "a"}]) for s in batch.samples
        ]
        others += [Event(e.step, e.time, e.kind, e.title, e.detail) for e in batch.events]
    assert sequences == list(range(1, len(sequences) + 1))
    assert [entry for entry in entries if isinstance(entry, Patch | Rewind)] == [
        entry for entry in others if isinstance(entry, Patch | Rewind)
    ]
    for kind in (Samples, Event):
        assert [e for e in entries if isinstance(e, kind)] == [e for e in others if isinstance(e, kind)]
    expected = [
        entry.step if isinstance(entry, Rewind) else entry for entry in entries if isinstance(entry, tuple | Rewind)
    ]
    assert len(points) == len(expected)
    for wanted, got in zip(expected, points, strict=True):
        if isinstance(wanted, int):
            assert got == wanted
            continue
        assert got[:2] == wanted[:2]
        assert {name for name, value in got[2].items() if value is not None} == set(wanted[2])
        assert all(same(got[2][name], value) for name, value in wanted[2].items())


def test_batches_stay_within_the_monitors_limits() -> None:
    encoder = BatchEncoder("w")
    narrow = [(step, 1.0, {"a": 1.0}) for step in range(10_000)]
    wide = [(step, 1.0, {f"m{index}": 1.0 for index in range(9_000)}) for step in range(5)]
    changing = [(step, 1.0, {f"m{step}": 1.0}) for step in range(9_000)]
    counts = []
    for entries in (narrow, wide, changing):
        sizes = [len(decode_batch(line[len(BATCH_START) : -1])[1]) for line in encoder.lines(entries)]
        counts.append(sum(sizes))
    assert counts == [10_000, 5, 9_000]
