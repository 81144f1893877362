"""The background thread of a run: takes what was logged, writes it to the outbox, sends it, and rides out outages."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from pegbox.errors import UnreachableError
from pegbox.sdk.recording.batch import BatchEncoder, Entry
from pegbox.sdk.recording.connection import MonitorConnection
from pegbox.sdk.recording.outbox import Outbox, OutboxTakenError, leftovers
from pegbox.sdk.recording.uploader import Delivery

log = logging.getLogger("pegbox")

RETRY_FIRST, RETRY_MOST = 0.05, 2.0
"""Seconds before a failed batch is tried again; doubles up to the second value."""

SYNC_INTERVAL = 1.0
"""While the monitor is away, the outbox is forced to disk this often."""


class Flush:
    """A mark in the queue: `done` is set when everything before it was acknowledged, or when the sender gave up.

    `stored` is set as soon as everything before it is in the outbox, where the end of the process cannot harm it.
    """

    def __init__(self) -> None:
        self.stored = threading.Event()
        self.done = threading.Event()
        self.acknowledged = False


class Sender:
    """Owns the outbox and the connection. `queue` takes entries from any thread; `wake` tells a parked sender of them."""

    def __init__(
        self,
        url: str,
        token: str | None,
        create: dict[str, Any],
        writer: str,
        outbox: Outbox,
        folder: Path,
        interval: float,
    ) -> None:
        self.queue: deque[Entry | Flush] = deque()
        self.parked = False
        self._run_id: str = create["id"]
        self._outbox = outbox
        self._folder = folder
        self._interval = interval
        self._encoder = BatchEncoder(writer)
        self._connection = MonitorConnection(url, token)
        self._delivery = Delivery(self._connection, create)
        self._unwritten: deque[bytes] = deque()  # lines the disk had no room for
        self._flushes: deque[Flush] = deque()
        self._signal = threading.Event()
        self._closing = False
        self._retry_at = 0.0
        self._retry_delay = RETRY_FIRST
        self._synced_at = 0.0
        self._warned: set[str] = set()
        self._inherited: list[Outbox] | None = None
        self._thread = threading.Thread(target=self._work, name=f"pegbox-{self._run_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Call after appending to `queue` when `parked` is true, and after every `Flush`."""
        self._signal.set()

    def close(self, timeout: float | None) -> bool:
        """Ends the thread after one last attempt to send; what is not acknowledged stays in the outbox."""
        self._closing = True
        self._signal.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """For a forked child: leaves everything to the parent's thread."""
        self._outbox.abandon()
        for inherited in self._inherited or ():
            inherited.abandon()

    @property
    def backlog_bytes(self) -> int:
        """Bytes on disk that the monitor has not acknowledged."""
        return self._outbox.backlog_bytes

    def _work(self) -> None:
        try:
            # What a dead process logged into this run comes before anything of ours, above all before our rewind.
            self._inherited = list(self._adopt_own())
            last_send = 0.0
            while True:
                self._park(last_send)
                closing = self._closing
                last_send = time.monotonic()
                self._store()
                if time.monotonic() >= self._retry_at or closing:
                    self._send()
                if closing and not self.queue:
                    break
        finally:
            self._connection.close()
            self._outbox.close()
            for flush in self._flushes:
                flush.stored.set()
                flush.done.set()

    def _park(self, last_send: float) -> None:
        """Sleeps until there is something to do, but never sends more often than the interval."""
        self.parked = True
        if not self.queue and not self._closing:
            self._signal.wait(self._until_retry())
        self.parked = False
        self._signal.clear()
        deadline = last_send + self._interval
        while not (self._closing or self._is_awaited) and (pause := deadline - time.monotonic()) > 0:
            self._signal.wait(pause)
            self._signal.clear()

    @property
    def _is_awaited(self) -> bool:
        """Whether somebody waits in `flush`. Marks stand behind what they wait for, so the last entry tells."""
        return bool(self.queue) and isinstance(self.queue[-1], Flush)

    def _until_retry(self) -> float | None:
        if self._is_backlogged:
            return max(0.001, self._retry_at - time.monotonic())
        return None

    @property
    def _is_backlogged(self) -> bool:
        return bool(self._unwritten or self._flushes or self._inherited) or not self._outbox.is_empty

    def _store(self) -> None:
        """Moves what was logged since the last round into the outbox."""
        entries: list[Entry] = []
        for _ in range(len(self.queue)):
            entry = self.queue.popleft()
            if isinstance(entry, Flush):
                self._flushes.append(entry)
            else:
                entries.append(entry)
        self._unwritten.extend(self._encoder.lines(entries))
        while self._unwritten:
            try:
                self._outbox.append(self._unwritten[0])
            except OSError as error:
                self._warn("disk", f"cannot write to {self._outbox.path}: {error}; keeping metrics in memory")
                return
            self._unwritten.popleft()
        for flush in self._flushes:
            flush.stored.set()

    def _send(self) -> None:
        """Sends all that waits, oldest first; on failure sets the time of the next attempt."""
        try:
            while self._inherited:
                self._delivery.drain(self._inherited[0], keep_status=False)
                self._inherited.pop(0).close()
            self._delivery.drain(self._outbox)
            while self._unwritten:
                self._delivery.deliver(self._unwritten[0], self._outbox)
                self._unwritten.popleft()
        except (UnreachableError, OSError) as error:
            self._retry_at = time.monotonic() + self._retry_delay
            self._retry_delay = min(self._retry_delay * 2, RETRY_MOST)
            self._warn("away", f"{error}; metrics wait in {self._outbox.path}")
            self._sync()
            return
        self._retry_delay = RETRY_FIRST
        self._retry_at = 0.0
        if "away" in self._warned:
            self._warned.discard("away")
            log.warning("pegbox: the monitor is back, everything was sent")
        if not self.queue:
            self._outbox.compact()
        while self._flushes:
            flush = self._flushes.popleft()
            flush.acknowledged = True
            flush.done.set()

    def _sync(self) -> None:
        """During an outage the outbox is the only copy: force it to disk, now and then."""
        if time.monotonic() - self._synced_at > SYNC_INTERVAL:
            self._synced_at = time.monotonic()
            with contextlib.suppress(OSError):
                self._outbox.sync()

    def _adopt_own(self) -> list[Outbox]:
        found = []
        for path in leftovers(self._folder):
            if path == self._outbox.path or not path.name.startswith(f"{self._run_id}-"):
                continue
            try:
                outbox = Outbox.adopt(path)
            except (OutboxTakenError, ValueError):
                continue
            if outbox.header.get("run", {}).get("id") == self._run_id:
                found.append(outbox)
            else:
                outbox.close()
        return found

    def _warn(self, about: str, text: str) -> None:
        """Says it once per trouble, not once per attempt."""
        if about not in self._warned:
            self._warned.add(about)
            log.warning("pegbox: %s", text)
