"""Histories in memory equal a plain replay of the log, with repeated steps, gaps and rewinds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.metrics.log.columns import Columns
from monitor.metrics.series.history import RunHistory

NAMES = ("a", "b", "epoch")
VALUE = st.one_of(st.none(), st.floats(-10, 10), st.just("NaN"), st.just("Infinity"))
RECORD = st.tuples(st.integers(0, 12), st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUE)))
BATCH = st.tuples(st.lists(RECORD, max_size=6), st.one_of(st.none(), st.none(), st.integers(0, 12)))


def columns_of(records: list[tuple[int, dict[str, Any]]]) -> Columns:
    names = dict.fromkeys(name for _, values in records for name in values)
    metrics = {name: [values.get(name) for _, values in records] for name in names}
    columns = Columns.from_lists(
        [step for step, _ in records], [float(index) for index in range(len(records))], metrics
    )
    columns.fill_epochs(None, None)
    return columns


def plain(batches: list[tuple[list[tuple[int, dict[str, Any]]], int | None]], name: str) -> dict[int, Any]:
    """The reference: replays everything; the latest value of a step wins, a rewind drops later steps."""
    kept: dict[int, Any] = {}
    for records, rewind_to in batches:
        if rewind_to is not None:
            kept = {step: value for step, value in kept.items() if step <= rewind_to}
        for step, values in records:
            if values.get(name) is not None:
                kept[step] = values[name]
    return dict(sorted(kept.items()))


def same(left: float, right: Any) -> bool:
    number = float(right) if not isinstance(right, str) else {"NaN": math.nan, "Infinity": math.inf}[right]
    return left == number or (math.isnan(left) and math.isnan(number))


@given(st.lists(BATCH, max_size=12), st.booleans())
@example([([(1, {"a": 1.0}), (0, {"a": 2.0})], None), ([(1, {"a": 3.0})], None)], True)
def test_history_equals_the_plain_definition(batches: list[Any], read_between: bool) -> None:
    history = RunHistory("run")
    seq = 1
    for records, rewind_to in batches:
        columns = columns_of(records)
        decoded = Columns.decode(columns.encode())
        last = seq + max(len(records), 1) - 1
        history.apply(seq, last, decoded, rewind_to)
        history.apply(seq, last, decoded, rewind_to)  # the log may be read again from an older cursor
        seq = last + 1
        if read_between:
            for name in NAMES:
                history.series(name)
    for name in NAMES:
        expected = plain(batches, name)
        view = history.series(name)
        assert (view.steps.tolist() if view is not None else []) == list(expected)
        if view is not None:
            assert all(
                same(value, expected[step])
                for step, value in zip(view.steps.tolist(), view.values.tolist(), strict=True)
            )


@given(st.lists(BATCH, max_size=12))
def test_what_a_view_says_of_its_values_is_so(batches: list[Any]) -> None:
    history = RunHistory("run")
    for number, (records, rewind_to) in enumerate(batches, 1):
        history.apply(100 * number, 100 * number + max(len(records), 1) - 1, columns_of(records), rewind_to)
        for name in NAMES:
            view = history.series(name)
            if view is None:
                continue
            assert view.is_finite == bool(np.isfinite(view.values).all())
            assert not view.times_rise or view.times.tolist() == sorted(view.times.tolist())
            assert not view.epochs_rise or view.epochs.tolist() == sorted(view.epochs.tolist())
            half = view.part(1, 3)
            assert half.steps.tolist() == view.steps[1:3].tolist()
            assert half.seqs.tolist() == view.seqs[1:3].tolist()
            times, epochs = view.at(np.arange(view.values.size))
            assert times.tolist() == view.times.tolist()
            assert np.array_equal(epochs, view.epochs, equal_nan=True)


@given(st.lists(RECORD, max_size=20))
def test_columns_survive_the_log(records: list[tuple[int, dict[str, Any]]]) -> None:
    columns = columns_of(records)
    columns.fill_epochs(0.5, 3)
    decoded = Columns.decode(columns.encode())
    assert decoded.steps == columns.steps
    assert decoded.times == columns.times
    assert decoded.epochs.tobytes() == columns.epochs.tobytes()
    for index, (_, values) in enumerate(records):
        for name in columns.metrics:
            wanted, got = values.get(name), decoded.metrics[name].get(index)
            assert (got is None) == (wanted is None)
            assert got is None or same(got, wanted)


def test_views_stay_as_they_were_while_the_history_grows() -> None:
    history = RunHistory("run")
    history.apply(1, 1, columns_of([(1, {"a": 1.0})]), None)
    view = history.series("a")
    assert view is not None
    for step in range(2, 100):
        history.apply(step, step, columns_of([(step, {"a": float(step)})]), None)
    history.rewind(0)
    assert view.steps.tolist() == [1]
    assert history.series("a") is None
