"""Throttles the feed of a run: replaces floods of points by resets, and limits the rate of resets."""

from __future__ import annotations

import time
from collections.abc import Callable

from monitor.live.envelopes import of_batch, reset
from monitor.metrics.log.store import LoggedBatch

INTERVAL_SECONDS = 0.25
"""Minimum time between two resets of a feed, since each reset makes all viewers read all series again."""

BULK_RECORDS = 500
"""More records per interval are an import, not a live training: reading the series again transfers less."""

MAX_FRAMES = 10_000
"""Maximum messages times viewers per interval that leave the process responsive."""


class BatchThrottle:
    """Converts batches to messages. A pending reset covers all batches until its release, so that no record is lost.

    `clock` returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._allowed_at = 0.0
        self._held_seq: int | None = None
        self._window_ends = 0.0
        self._records = 0
        self._records_before = 0

    def messages(self, batch: LoggedBatch, viewers: int = 1) -> list[str]:
        """Returns the messages of a batch; an empty list when a pending reset covers the batch."""
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
        """Seconds until the pending reset is due; None without a pending reset."""
        return None if self._held_seq is None else max(0.0, self._allowed_at - self._clock())

    def release(self) -> int | None:
        """Returns and clears the cursor of the pending reset if due, else None."""
        if self._held_seq is None or self._clock() < self._allowed_at:
            return None
        seq, self._held_seq = self._held_seq, None
        self._allowed_at = self._clock() + INTERVAL_SECONDS
        return seq

    def _is_flood(self, now: float, count: int, viewers: int) -> bool:
        """Counts over the current and the previous interval, so that a flood does not end with an interval."""
        if now >= self._window_ends:
            is_next = now < self._window_ends + INTERVAL_SECONDS
            self._records_before = self._records if is_next else 0
            self._records = 0
            self._window_ends = now + INTERVAL_SECONDS
        self._records += count
        limit = min(BULK_RECORDS, max(1, MAX_FRAMES // max(1, viewers)))
        return max(self._records, self._records_before) > limit
