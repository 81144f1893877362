"""The rate of resets is limited, and no record is lost."""

from __future__ import annotations

import json
import math
from array import array
from typing import Any

import pytest

from monitor.live.batch_throttle import BULK_RECORDS, INTERVAL_SECONDS, MAX_FRAMES, BatchThrottle
from monitor.metrics.log.columns import Column, Columns
from monitor.metrics.log.store import LoggedBatch


class Clock:
    """A clock that advances manually."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def batch(first_seq: int, count: int, rewind_to: int | None = None) -> LoggedBatch:
    steps = array("q", range(first_seq, first_seq + count))
    numbers = array("d", [1.0] * count)
    columns = Columns(steps, numbers, array("d", [math.nan] * count), {"train_loss": Column(numbers)})
    return LoggedBatch(first_seq, "run-alpha", "w", first_seq, rewind_to, columns)


def told(messages: list[str]) -> list[tuple[str, int]]:
    envelopes: list[dict[str, Any]] = [json.loads(text) for text in messages]
    return [(envelope["kind"], envelope["seq"]) for envelope in envelopes]


def test_a_flood_is_four_resets_a_second(clock: Clock) -> None:
    throttle = BatchThrottle(clock)
    seen: list[tuple[str, int]] = []
    seq = 1
    for _ in range(10 * 50):  # ten seconds of 50 batches per second
        released = throttle.release()
        if released is not None:
            seen.append(("reset", released))
        seen += told(throttle.messages(batch(seq, 200)))
        seq += 200
        clock.now += 0.02
    kinds = [kind for kind, _ in seen]
    assert kinds[:400] == ["point"] * 400  # the flood is not recognizable yet
    assert set(kinds[400:]) == {"reset"}
    assert len(kinds[400:]) <= 10 / INTERVAL_SECONDS + 1
    assert [cursor for _, cursor in seen] == sorted(cursor for _, cursor in seen)
    clock.now += INTERVAL_SECONDS
    assert throttle.release() == seq - 1


def test_what_comes_while_a_reset_is_held_is_covered_by_it(clock: Clock) -> None:
    throttle = BatchThrottle(clock)
    assert told(throttle.messages(batch(1, BULK_RECORDS + 1))) == [("reset", 501)]
    assert throttle.wait_seconds is None
    clock.now += INTERVAL_SECONDS / 2
    assert throttle.messages(batch(502, BULK_RECORDS + 1)) == []
    assert throttle.messages(batch(1003, 1)) == []
    assert throttle.release() is None
    assert throttle.wait_seconds == pytest.approx(INTERVAL_SECONDS / 2)
    clock.now += INTERVAL_SECONDS / 2
    assert throttle.release() == 1003
    assert throttle.wait_seconds is None


def test_after_a_flood_points_come_again(clock: Clock) -> None:
    throttle = BatchThrottle(clock)
    throttle.messages(batch(1, BULK_RECORDS + 1))
    clock.now += 3 * INTERVAL_SECONDS
    assert told(throttle.messages(batch(502, 2))) == [("point", 502), ("point", 503)]


def test_a_rewind_resets_at_once_but_not_twice(clock: Clock) -> None:
    throttle = BatchThrottle(clock)
    assert told(throttle.messages(batch(7, 1, rewind_to=3))) == [("reset", 6), ("point", 7)]
    assert throttle.messages(batch(8, 1, rewind_to=3)) == []
    clock.now += INTERVAL_SECONDS
    assert throttle.release() == 8


def test_the_more_viewers_the_sooner_it_is_a_flood(clock: Clock) -> None:
    throttle = BatchThrottle(clock)
    assert len(throttle.messages(batch(1, 20), viewers=MAX_FRAMES // 20)) == 20
    assert told(throttle.messages(batch(21, 1), viewers=MAX_FRAMES // 20)) == [("reset", 21)]
