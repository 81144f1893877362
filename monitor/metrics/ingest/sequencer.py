"""Assigns batch sequence numbers and missing steps for clients that send neither.

A batch is identified by (run, writer, sequence). For these clients the monitor generates the writer's name when it starts, so
that no batch after a restart counts as a duplicate of an earlier one. Sequences are per run, so that the run's consecutive
batches can be packed.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.metrics.ingest.batch_schema import check_lengths
from monitor.metrics.ingest.batches import commit
from monitor.metrics.ingest.writer import Accepted, Writer
from monitor.metrics.log.columns import Columns
from monitor.metrics.log.store import LoggedBatch

MAX_TRACKED_RUNS = 2_000


@dataclass(frozen=True, slots=True)
class Point:
    """Metric values of one step. `time` is Unix seconds; a point without a step gets the step after the run's last."""

    step: int | None
    time: float
    values: Mapping[str, float]


class PointSequencer:
    """Not thread-safe: used on the event loop only."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._writers: OrderedDict[str, tuple[str, Iterator[int]]] = OrderedDict()
        self._step_lock = asyncio.Lock()

    async def add(self, run_id: str, points: Sequence[Point]) -> Accepted:
        """Commits the points as one batch. Batches of a run keep the order of the calls.

        Raises `NotFoundError` for an unknown run, `PayloadTooLargeError` beyond the limits of a batch.
        """
        if all(point.step is not None for point in points):
            return await self._commit(run_id, [point.step or 0 for point in points], points)
        async with self._step_lock:  # concurrent calls must not get the same step
            last = await asyncio.to_thread(self._last_step, run_id)
            return await self._commit(run_id, list(_assign_steps(points, last)), points)

    def _last_step(self, run_id: str) -> int | None:
        return self._writer.call(lambda connection: self._writer.state(connection, run_id).last_step)

    async def _commit(self, run_id: str, steps: list[int], points: Sequence[Point]) -> Accepted:
        names = dict.fromkeys(name for point in points for name in point.values)
        check_lengths(len(points), len(points), dict.fromkeys(names, len(points)))
        columns = Columns.from_lists(
            steps,
            [point.time for point in points],
            {name: [point.values.get(name) for point in points] for name in names},
        )
        name, sequence = self._next_identity(run_id)
        return await commit(self._writer, LoggedBatch(0, run_id, name, sequence, None, columns))

    def _next_identity(self, run_id: str) -> tuple[str, int]:
        if run_id not in self._writers:
            self._writers[run_id] = (f"arrival-{secrets.token_hex(8)}", itertools.count())
        self._writers.move_to_end(run_id)
        while len(self._writers) > MAX_TRACKED_RUNS:
            self._writers.popitem(last=False)
        name, numbers = self._writers[run_id]
        return name, next(numbers)


def _assign_steps(points: Sequence[Point], last: int | None) -> Iterator[int]:
    """Yields the step of each point; a point without a step gets the highest step so far plus one."""
    highest = -1 if last is None else last
    for point in points:
        step = highest + 1 if point.step is None else point.step
        highest = max(highest, step)
        yield step
