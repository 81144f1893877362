"""The topic of one watched run: publishes commits as messages to its viewers and polls the state of the job."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from anyio.to_thread import run_sync
from sqlalchemy import Engine

from monitor.live.batch_throttle import BatchThrottle
from monitor.live.envelopes import envelope, reset
from monitor.live.ring_buffer import RingBuffer
from monitor.live.snapshot import Snapshot, StreamTarget, read_snapshot
from monitor.live.training_messages import TrainingMessages
from monitor.metrics.log.store import LoggedBatch
from monitor.metrics.series.history_cache import HistoryCache

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
KEEPALIVE_SECONDS = 10.0
LAST_POINTS_SECONDS = 2.0
"""How long to wait for the last points after the job has ended."""


class Topic:
    """Exists while it has viewers. `feed` carries envelopes, `training` the messages of the Training Monitor API."""

    def __init__(
        self,
        target: StreamTarget,
        engine: Engine,
        histories: HistoryCache,
        messages: TrainingMessages,
        last_seq: Callable[[], int],
    ) -> None:
        self.target = target
        self.feed = RingBuffer(last_seq())
        self.training = RingBuffer(last_seq())
        self.snapshot: Snapshot | None = None
        self.ended: str | None = None
        self.is_broken = False
        self._engine = engine
        self._histories = histories
        self._messages = messages
        self._last_seq = last_seq
        self._throttle = BatchThrottle()
        self._pending_seq: int | None = None
        self._wake = asyncio.Event()
        self._terminal_since: float | None = None
        self._polled_at = 0.0
        self._status_sent_at = 0.0
        self.task: asyncio.Task[None] | None = None

    def add_viewer(self, ring: RingBuffer) -> None:
        """Adds a viewer. The first viewer of a ring buffer starts it at the last commit."""
        if not ring.viewers:
            ring.published_seq = max(ring.published_seq, self._last_seq())
        ring.viewers += 1

    def remove_viewer(self, ring: RingBuffer) -> None:
        ring.viewers -= 1

    @property
    def has_viewers(self) -> bool:
        return bool(self.feed.viewers or self.training.viewers)

    def push(self, batch: LoggedBatch) -> None:
        """Publishes a committed batch. The feed is updated on return; training messages need a thread and follow."""
        if self.feed.viewers:
            try:
                messages = self._throttle.messages(batch, self.feed.viewers)
            except Exception:
                self._interrupt()
                return
            if messages:
                self.feed.publish(messages, batch.last_seq)
            else:
                self._wake.set()
        if self.training.viewers:
            self._pending_seq = batch.last_seq
            self._wake.set()

    async def refresh(self) -> None:
        """Polls state and progress; publishes a status if changed, or as a keepalive."""
        snapshot = await run_sync(read_snapshot, self._engine, self._histories, self.target)
        self._polled_at = time.monotonic()
        changed = snapshot is not None and (self.snapshot is None or snapshot.data != self.snapshot.data)
        self.snapshot = snapshot
        if changed or time.monotonic() - self._status_sent_at > KEEPALIVE_SECONDS:
            self._status_sent_at = time.monotonic()
            self.feed.publish([self.status_message()])

    def status_message(self, seq: int | None = None) -> str:
        """Returns the current `status` envelope. `seq`: the cursor of its reader, by default the feed's."""
        data = self.snapshot.data if self.snapshot else {"state": "unknown"}
        return envelope(self.feed.published_seq if seq is None else seq, "status", data)

    def end_message(self) -> str:
        """Returns the last envelope of a feed."""
        return envelope(self.feed.published_seq, "end", {"state": self.ended or "unknown"})

    async def run(self) -> None:
        """Publishes until the run has ended or the last viewer is gone."""
        try:
            self._update_ended()
            while self.ended is None and self.has_viewers:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_until_work()):
                        await self._wake.wait()
                self._wake.clear()
                self._publish_held_reset()
                await self._publish_training()
                if time.monotonic() >= self._polled_at + POLL_SECONDS:
                    await self.refresh()
                self._update_ended()
        except Exception:
            self._interrupt()
        finally:
            self.feed.wake()
            self.training.wake()

    def _interrupt(self) -> None:
        """Ends the streams of all viewers, which reconnect and resume."""
        log.exception("live stream of run %s broke off", self.target.run_id)
        self.is_broken = True
        self.feed.wake()
        self.training.wake()

    def _seconds_until_work(self) -> float:
        poll = max(0.0, self._polled_at + POLL_SECONDS - time.monotonic())
        held = self._throttle.wait_seconds
        return poll if held is None else min(poll, held)

    def _publish_held_reset(self) -> None:
        seq = self._throttle.release()
        if seq is not None:
            self.feed.publish([reset(seq)], seq)

    async def _publish_training(self) -> None:
        last, self._pending_seq = self._pending_seq, None
        if last is None or not self.training.viewers:
            return
        if self.snapshot is None or not self.snapshot.is_running_with_known_length:
            await self.refresh()  # the job has started by now and may have reported its number of steps
        if self.snapshot is not None:
            after = self.training.published_seq
            texts = await run_sync(self._messages.after, self.target.run_id, self.snapshot, after, last)
            self.training.publish(texts, last)

    def _update_ended(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            self.ended = "deleted"
        elif not snapshot.is_over:
            self._terminal_since = None
        else:
            now = time.monotonic()
            self._terminal_since = self._terminal_since or now
            is_delivered = self._pending_seq is None and self._throttle.wait_seconds is None
            if is_delivered and (snapshot.run_has_ended or now - self._terminal_since > LAST_POINTS_SECONDS):
                self.ended = snapshot.state
