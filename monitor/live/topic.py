"""One watched run: turns commits into messages for its viewers, and watches the job's state for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from anyio.to_thread import run_sync
from sqlalchemy import Engine

from monitor.live.envelopes import envelope, of_batch, reset
from monitor.live.messages import TrainingMessages
from monitor.live.ring import Ring
from monitor.live.snapshot import Snapshot, Subject, read_snapshot
from monitor.metrics.histories import Histories
from monitor.metrics.store import LoggedBatch

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
KEEPALIVE_SECONDS = 10.0
BULK_RECORDS = 500
"""A larger batch is no live training but an import: viewers read the series again instead of taking it piece by piece."""

LAST_POINTS_SECONDS = 2.0
"""A job's end may be known before its last points have arrived; this long they are waited for."""


class Topic:
    """Lives while it has viewers. `feed` carries envelopes, `training` the messages of the Training Monitor API."""

    def __init__(
        self,
        subject: Subject,
        engine: Engine,
        histories: Histories,
        messages: TrainingMessages,
        last_seq: Callable[[], int],
    ) -> None:
        self.subject = subject
        self.feed = Ring(last_seq())
        self.training = Ring(last_seq())
        self.snapshot: Snapshot | None = None
        self.ended: str | None = None
        self.is_broken = False
        self._engine = engine
        self._histories = histories
        self._messages = messages
        self._last_seq = last_seq
        self._pending: list[LoggedBatch] = []
        self._wake = asyncio.Event()
        self._over_since: float | None = None
        self._polled_at = 0.0
        self._said_at = 0.0
        self.task: asyncio.Task[None] | None = None

    def join(self, ring: Ring) -> None:
        """A viewer more. The first one of a ring starts it at what is committed now."""
        if not ring.viewers:
            ring.published_seq = max(ring.published_seq, self._last_seq())
        ring.viewers += 1

    def leave(self, ring: Ring) -> None:
        ring.viewers -= 1

    @property
    def has_viewers(self) -> bool:
        return bool(self.feed.viewers or self.training.viewers)

    def push(self, batch: LoggedBatch) -> None:
        """A commit of this run."""
        self._pending.append(batch)
        self._wake.set()

    async def refresh(self) -> None:
        """Reads state and progress again."""
        snapshot = await run_sync(read_snapshot, self._engine, self._histories, self.subject)
        self._polled_at = time.monotonic()
        changed = snapshot is not None and (self.snapshot is None or snapshot.data != self.snapshot.data)
        self.snapshot = snapshot
        if changed or time.monotonic() - self._said_at > KEEPALIVE_SECONDS:
            self._said_at = time.monotonic()
            self.feed.publish([self.status_message()])

    def status_message(self) -> str:
        """The `status` envelope of this moment."""
        data = self.snapshot.data if self.snapshot else {"state": "unknown"}
        return envelope(self.feed.published_seq, "status", data)

    def end_message(self) -> str:
        """The last envelope of a feed."""
        return envelope(self.feed.published_seq, "end", {"state": self.ended or "unknown"})

    async def run(self) -> None:
        """Works until the run is over or nobody watches."""
        try:
            self._consider_end()
            while self.ended is None and self.has_viewers:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, self._polled_at + POLL_SECONDS - time.monotonic())):
                        await self._wake.wait()
                self._wake.clear()
                if time.monotonic() >= self._polled_at + POLL_SECONDS:
                    await self.refresh()
                await self._publish()
                self._consider_end()
        except Exception:
            log.exception("live stream of run %s broke off", self.subject.run_id)
            self.is_broken = True
        finally:
            self.feed.wake()
            self.training.wake()

    async def _publish(self) -> None:
        batches, self._pending = self._pending, []
        if not batches:
            return
        last = batches[-1].last_seq
        if self.feed.viewers:
            for batch in batches:
                texts = of_batch(batch) if batch.count <= BULK_RECORDS else [reset(batch.last_seq)]
                self.feed.publish(texts, batch.last_seq)
        if self.training.viewers:
            if self.snapshot is None or not self.snapshot.is_settled:
                await self.refresh()  # points say that it runs by now, and it may have told how long it will be
            if self.snapshot is not None:
                after = self.training.published_seq
                texts = await run_sync(self._messages.after, self.subject.run_id, self.snapshot, after, last)
                self.training.publish(texts, last)

    def _consider_end(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            self.ended = "deleted"
        elif not snapshot.is_over:
            self._over_since = None
        else:
            now = time.monotonic()
            self._over_since = self._over_since or now
            if not self._pending and (snapshot.run_has_ended or now - self._over_since > LAST_POINTS_SECONDS):
                self.ended = snapshot.state
