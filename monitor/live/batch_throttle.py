"""When viewers are told to read the series again: never more often than a few times a second, whatever is being imported."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.live.envelopes import of_batch, reset
from monitor.metrics.log.store import LoggedBatch

INTERVAL_SECONDS = 0.25
"""Between two resets of a feed: each makes every viewer read all curves again."""

BULK_RECORDS = 500
"""More than this within an interval is no live training but an import: reading the series again is less than every piece."""

MAX_FRAMES = 10_000
"""Messages times viewers within an interval: what one process can send and still answer others."""


class BatchThrottle:
    """Turns batches into messages. While a reset is held back it stands for all that comes, so that nothing is lost.

    `clock` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._allowed_at = 0.0
        self._held_seq: int | None = None
        self._window_ends = 0.0
        self._records = 0
        self._records_before = 0

    def messages(self, batch: LoggedBatch, viewers: int = 1) -> list[str]:
        """What to tell viewers of a batch; nothing means that a reset is held back which will cover it."""
        now = self._clock()
        is_flood = self._is_flood(now, batch.count, viewers)
        needs_reset = is_flood or batch.rewind_to is not None
        if self._held_seq is not None or (needs_reset and now < self._allowed_at):
            self._held_seq = batch.last_seq
            return []
        if needs_reset:
            self._allowed_at = now + INTERVAL_SECONDS
        return [reset(batch.last_seq)] if is_flood else list(of_batch(batch))

    @property
    def wait_seconds(self) -> float | None:
        """Until the held reset may go out; None when there is none."""
        return None if self._held_seq is None else max(0.0, self._allowed_at - self._clock())

    def release(self) -> int | None:
        """The cursor that the held reset reaches, once it is due; it is held no longer then."""
        if self._held_seq is None or self._clock() < self._allowed_at:
            return None
        seq, self._held_seq = self._held_seq, None
        self._allowed_at = self._clock() + INTERVAL_SECONDS
        return seq

    def _is_flood(self, now: float, count: int, viewers: int) -> bool:
        """Counted over this interval and the one before: a flood does not end because a new interval begins."""
        if now >= self._window_ends:
            is_next = now < self._window_ends + INTERVAL_SECONDS
            self._records_before = self._records if is_next else 0
            self._records = 0
            self._window_ends = now + INTERVAL_SECONDS
        self._records += count
        limit = min(BULK_RECORDS, max(1, MAX_FRAMES // max(1, viewers)))
        return max(self._records, self._records_before) > limit
