"""The sequencer numbers batches and steps in order, across restarts, and its batches can be packed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from monitor.metrics.ingest import sequencer as module
from monitor.metrics.ingest.sequencer import Point, PointSequencer
from monitor.metrics.ingest.writer import Writer
from monitor.metrics.log.store import read_batches
from monitor.metrics.maintenance.compaction import compact_runs
from monitor.runs.service import create_run, update_run
from pegbox.errors import NotFoundError, PayloadTooLargeError
from pegbox.schemas.runs.run import RunCreate, RunUpdate
from pegbox.settings import Settings
from pegbox.store.database import open_engine, upgrade
from tests import event_loop


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings)
    upgrade(engine, settings)
    yield engine
    engine.dispose()


@contextmanager
def writing(engine: Engine, *runs: str) -> Iterator[Writer]:
    """A writer with these runs, as after a start of the monitor."""
    writer = Writer(engine, lambda batches: None)
    writer.start()
    try:
        for run_id in runs:
            create_run(writer, RunCreate(id=run_id))
        yield writer
    finally:
        writer.stop()


def steps(engine: Engine, run_id: str) -> list[int]:
    with engine.connect() as connection:
        return [step for batch in read_batches(connection, run_id) for step in batch.columns.steps]


def point(step: int | None) -> Point:
    return Point(step, 1.0, {"m": 1.0})


def test_posts_of_many_runs_keep_the_order_of_each_and_become_packs(engine: Engine) -> None:
    async def post(arrivals: PointSequencer) -> None:
        await asyncio.gather(*(arrivals.add(run_id, [point(step)]) for step in range(50) for run_id in ("a", "b")))

    with writing(engine, "a", "b") as writer:
        event_loop.run(post(PointSequencer(writer)))
        update_run(writer, "a", RunUpdate(status="finished"))
        assert "a" in set(compact_runs(engine, writer))
    with engine.connect() as connection:
        assert [batch.count for batch in read_batches(connection, "b")] == [1] * 50
        assert len(list(read_batches(connection, "a"))) == 1
    assert steps(engine, "a") == steps(engine, "b") == list(range(50))


def test_nothing_after_a_restart_is_taken_for_something_before_it(engine: Engine) -> None:
    for first in (0, 10, 20):
        with writing(engine, "a") as writer:
            arrivals = PointSequencer(writer)
            for step in range(first, first + 10):
                accepted = event_loop.run(arrivals.add("a", [point(step)]))
                assert not accepted.is_duplicate
    assert steps(engine, "a") == list(range(30))


def test_a_run_that_was_forgotten_is_counted_anew(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRACKED_RUNS", 1)
    with writing(engine, "a", "b") as writer:
        arrivals = PointSequencer(writer)
        for step in range(10):
            for run_id in ("a", "b"):
                assert not event_loop.run(arrivals.add(run_id, [point(step)])).is_duplicate
    assert steps(engine, "a") == steps(engine, "b") == list(range(10))


def test_a_step_left_out_follows_the_highest_so_far(engine: Engine) -> None:
    with writing(engine, "a") as writer:
        arrivals = PointSequencer(writer)
        event_loop.run(arrivals.add("a", [point(None), point(7), point(3), point(None)]))
        event_loop.run(arrivals.add("a", [point(None)]))
    assert steps(engine, "a") == [0, 7, 3, 8, 9]


def test_what_cannot_be_kept_is_refused(engine: Engine) -> None:
    with writing(engine, "a") as writer:
        arrivals = PointSequencer(writer)
        for step in (1, None):
            with pytest.raises(NotFoundError):
                event_loop.run(arrivals.add("nobody", [point(step)]))
        with pytest.raises(PayloadTooLargeError):
            event_loop.run(arrivals.add("a", [point(step) for step in range(50_001)]))
        with pytest.raises(PayloadTooLargeError):
            event_loop.run(arrivals.add("a", [Point(1, 1.0, {f"m{number}": 1.0 for number in range(10_001)})]))
    assert steps(engine, "a") == []
