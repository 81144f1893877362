"""Paging through the points of a job: no point is lost, repeated or rewound, with and without compaction."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from monitor.live.point_stream import read_points
from monitor.metrics.log import store
from monitor.metrics.log.columns import Columns
from monitor.metrics.maintenance.compaction import _group_into_packs, _replace_rows
from pegbox.settings import Settings
from pegbox.store.database import open_engine, upgrade


class Sent(NamedTuple):
    """A batch: its writer (one of two), its steps, and its rewind."""

    writer: int
    steps: list[int]
    rewind_to: int | None


batches = st.builds(
    Sent,
    st.integers(0, 1),
    st.lists(st.integers(0, 20), max_size=4),
    st.none() | st.none() | st.none() | st.integers(0, 20),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home: Path = tmp_path_factory.mktemp("points")
    settings = Settings(home=home)
    engine = open_engine(settings)
    upgrade(engine, settings)
    yield engine
    engine.dispose()


def log(engine: Engine, sent: list[Sent]) -> list[tuple[int, int]]:
    """Writes the batches; returns cursor and step of each point that is not rewound."""
    counting: list[tuple[int, int]] = []
    seq, sequence = 1, 0
    with engine.begin() as connection:
        connection.execute(delete(store.batch_table))
        for writer, steps, rewind_to in sent:
            sequence += 1
            moments = array("d", bytes(8 * len(steps)))
            columns = Columns(array("q", steps), moments, moments, {})
            if rewind_to is not None:
                counting = [point for point in counting if point[1] <= rewind_to]
            batch = store.LoggedBatch(seq, "r", f"w{writer}", sequence, rewind_to, columns)
            store.append(connection, [batch])
            counting += [(seq + index, step) for index, step in enumerate(steps)]
            seq += max(1, len(steps))
    return counting


def read(engine: Engine, after: int, until: int, enough: int) -> list[tuple[int, int]]:
    found = []
    while after < until:
        texts, reached = read_points(engine, "r", after, until, enough)
        assert reached > after
        after = reached
        for text in texts:
            message = json.loads(text)
            assert message["kind"] == "point"
            found.append((message["seq"], message["data"]["step"]))
    return found


@given(st.lists(batches, max_size=12), st.integers(1, 5), st.integers(0, 40))
def test_pages_join_without_seams(engine: Engine, sent: list[Sent], enough: int, after: int) -> None:
    counting = log(engine, sent)
    until = 100
    assert read(engine, 0, until, enough) == counting
    assert read(engine, after, until, enough) == [point for point in counting if point[0] > after]


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=3), min_size=2, max_size=12), st.integers(1, 5))
def test_packed_or_not(engine: Engine, steps: list[list[int]], enough: int) -> None:
    counting = log(engine, [Sent(0, several, None) for several in steps])
    with engine.begin() as connection:
        packs = _group_into_packs(list(store.read_batches(connection, "r")))
        assert len(packs) == 1
        _replace_rows(connection, "r", packs, 100)
    for after in range(0, 8, 3):
        assert read(engine, after, 100, enough) == [point for point in counting if point[0] > after]
