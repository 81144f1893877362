"""Points from clients that neither number what they send nor always say which step it was: both is settled here.

A batch is known by (run, writer, sequence). For these clients the monitor is the writer, under a new name each time it starts, so
that nothing after a restart is taken for something before it. Each run is counted on its own: neighbouring batches become packs.
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

MAX_RUNS = 2_000


@dataclass(frozen=True, slots=True)
class Point:
    """Values of one step at a time in Unix seconds; without a step it takes the one after the run's last."""

    step: int | None
    time: float
    values: Mapping[str, float]


class Arrivals:
    """Belongs to the event loop."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._numbers: OrderedDict[str, tuple[str, Iterator[int]]] = OrderedDict()
        self._counting = asyncio.Lock()

    async def add(self, run_id: str, points: Sequence[Point]) -> Accepted:
        """Commits the points as one batch; batches of a run keep the order of the calls.

        Raises `NotFoundError` when there is no such run, `PayloadTooLargeError` beyond the limits of a batch.
        """
        if all(point.step is not None for point in points):
            return await self._commit(run_id, [point.step or 0 for point in points], points)
        async with self._counting:  # or two would take the same step
            last = await asyncio.to_thread(self._last_step, run_id)
            return await self._commit(run_id, list(_steps(points, last)), points)

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
        name, sequence = self._number(run_id)
        return await commit(self._writer, LoggedBatch(0, run_id, name, sequence, None, columns))

    def _number(self, run_id: str) -> tuple[str, int]:
        if run_id not in self._numbers:
            self._numbers[run_id] = (f"arrival-{secrets.token_hex(8)}", itertools.count())
        self._numbers.move_to_end(run_id)
        while len(self._numbers) > MAX_RUNS:
            self._numbers.popitem(last=False)
        name, numbers = self._numbers[run_id]
        return name, next(numbers)


def _steps(points: Sequence[Point], last: int | None) -> Iterator[int]:
    """Each point's own step, else the one after the highest so far."""
    highest = -1 if last is None else last
    for point in points:
        step = highest + 1 if point.step is None else point.step
        highest = max(highest, step)
        yield step
