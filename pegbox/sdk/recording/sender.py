"""The background thread of a run: writes entries to the outbox, sends them, and retries during outages."""

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
from pegbox.sdk.recording.outbox import Outbox, OutboxLockedError, outbox_files
from pegbox.sdk.recording.uploader import OutboxUploader

log = logging.getLogger("pegbox")

FIRST_RETRY_DELAY, MAX_RETRY_DELAY = 0.05, 2.0
"""Seconds before the next attempt after a failure; doubles up to the maximum."""

SYNC_INTERVAL = 1.0
"""Seconds between flushes of the outbox to disk during an outage."""


class Flush:
    """A marker in the queue. `stored` is set when all entries before it are in the outbox.

    `done` is set when all entries before it are acknowledged, or when the sender stops; `acknowledged` tells which.
    """

    def __init__(self) -> None:
        self.stored = threading.Event()
        self.done = threading.Event()
        self.acknowledged = False


class Sender:
    """Owns the outbox and the connection. Any thread appends entries to `queue`; `wake` wakes a parked sender."""

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
        self._uploader = OutboxUploader(self._connection, create)
        self._unwritten: deque[bytes] = deque()  # lines that could not be written to the outbox
        self._flushes: deque[Flush] = deque()
        self._signal = threading.Event()
        self._closing = False
        self._retry_at = 0.0
        self._retry_delay = FIRST_RETRY_DELAY
        self._synced_at = 0.0
        self._warned: set[str] = set()
        self._inherited: list[Outbox] | None = None
        self._thread = threading.Thread(target=self._work, name=f"pegbox-{self._run_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Wakes the thread. Call after appending to `queue` when `parked` is true, and after appending a `Flush`."""
        self._signal.set()

    def close(self, timeout: float | None) -> bool:
        """Stops the thread after a last attempt to send; unacknowledged lines stay in the outbox. False on timeout."""
        self._closing = True
        self._signal.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """Closes the outboxes in a forked child; the parent's thread keeps sending them."""
        self._outbox.abandon()
        for inherited in self._inherited or ():
            inherited.abandon()

    @property
    def backlog_bytes(self) -> int:
        """Size of the lines on disk that the monitor has not acknowledged."""
        return self._outbox.backlog_bytes

    def _work(self) -> None:
        try:
            # Entries of an earlier process of this run are sent first, in particular before a rewind of this process.
            self._inherited = self._adopt_outboxes()
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
        """Sleeps until there is something to send, at least for the interval since the last send."""
        self.parked = True
        if not self.queue and not self._closing:
            self._signal.wait(self._until_retry())
        self.parked = False
        self._signal.clear()
        deadline = last_send + self._interval
        while not (self._closing or self._is_flushing) and (pause := deadline - time.monotonic()) > 0:
            self._signal.wait(pause)
            self._signal.clear()

    @property
    def _is_flushing(self) -> bool:
        """Whether the last entry is a `Flush` that a caller waits for."""
        return bool(self.queue) and isinstance(self.queue[-1], Flush)

    def _until_retry(self) -> float | None:
        if self._is_backlogged:
            return max(0.001, self._retry_at - time.monotonic())
        return None

    @property
    def _is_backlogged(self) -> bool:
        return bool(self._unwritten or self._flushes or self._inherited) or not self._outbox.is_empty

    def _store(self) -> None:
        """Moves the queued entries to the outbox."""
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
        """Sends all lines, oldest first; schedules the next attempt on failure."""
        try:
            while self._inherited:
                self._uploader.upload_all(self._inherited[0], keep_status=False)
                self._inherited.pop(0).close()
            self._uploader.upload_all(self._outbox)
            while self._unwritten:
                self._uploader.upload(self._unwritten[0], self._outbox)
                self._unwritten.popleft()
        except (UnreachableError, OSError) as error:
            self._retry_at = time.monotonic() + self._retry_delay
            self._retry_delay = min(self._retry_delay * 2, MAX_RETRY_DELAY)
            self._warn("outage", f"{error}; metrics wait in {self._outbox.path}")
            self._sync()
            return
        self._retry_delay = FIRST_RETRY_DELAY
        self._retry_at = 0.0
        if "outage" in self._warned:
            self._warned.discard("outage")
            log.warning("pegbox: the monitor is back, everything was sent")
        if not self.queue:
            self._outbox.compact()
        while self._flushes:
            flush = self._flushes.popleft()
            flush.acknowledged = True
            flush.done.set()

    def _sync(self) -> None:
        """Flushes the outbox to disk at intervals, because it is the only copy during an outage."""
        if time.monotonic() - self._synced_at > SYNC_INTERVAL:
            self._synced_at = time.monotonic()
            with contextlib.suppress(OSError):
                self._outbox.sync()

    def _adopt_outboxes(self) -> list[Outbox]:
        """Takes over the outboxes that earlier processes of this run left."""
        adopted = []
        for path in outbox_files(self._folder):
            if path == self._outbox.path or not path.name.startswith(f"{self._run_id}-"):
                continue
            try:
                outbox = Outbox.adopt(path)
            except (OutboxLockedError, ValueError):
                continue
            if outbox.header.get("run", {}).get("id") == self._run_id:
                adopted.append(outbox)
            else:
                outbox.close()
        return adopted

    def _warn(self, problem: str, text: str) -> None:
        """Logs a warning once per problem, not once per attempt."""
        if problem not in self._warned:
            self._warned.add(problem)
            log.warning("pegbox: %s", text)
