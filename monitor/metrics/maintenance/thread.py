"""The background thread that keeps the log small: compaction, retention, vacuum.

The thread sleeps until a commit, runs small transactions between those of the writer, and does nothing while the monitor is
idle.
"""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import Connection, Engine

from monitor.metrics.ingest.writer import Writer
from monitor.metrics.maintenance.compaction import compact_runs
from monitor.metrics.series.history_cache import HistoryCache
from pegbox.errors import UnavailableError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""Pause between two rounds, so that a round finds more than a few batches."""

THIN_EVERY_SECONDS = 3600.0
FREE_PAGES_KEPT = 1_000
"""Free SQLite pages (4 MB) that stay in the file, since new batches soon fill them."""

PAGES_PER_TRANSACTION = 200


class LogMaintenance:
    """`raw_days`: days for which all points of an ended run are kept; None keeps them for ever."""

    def __init__(self, engine: Engine, writer: Writer, histories: HistoryCache, raw_days: float | None) -> None:
        self._engine = engine
        self._writer = writer
        self._histories = histories
        self._raw_days = raw_days
        self._committed = threading.Event()
        self._committed.set()  # an earlier process may have left work
        self._stop = threading.Event()
        self._thin_at = 0.0
        self._thread = threading.Thread(target=self._run, name="metric-maintenance", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def notify_commit(self) -> None:
        """Wakes the thread. Cheap and thread-safe: called after every commit."""
        if not self._committed.is_set():
            self._committed.set()

    def stop(self) -> None:
        """Stops the thread after its current transaction."""
        self._stop.set()
        self._committed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                self.run_once()
            except UnavailableError:  # the writer has stopped already
                return
            except Exception:  # the log stays correct, only larger
                log.exception("the upkeep of the metric log failed; it will be tried again")
            self._committed.wait(THIN_EVERY_SECONDS if self._raw_days is not None else None)

    def run_once(self) -> None:
        """Runs one round: compaction, retention once an hour, vacuum."""
        self._committed.clear()
        for _ in compact_runs(self._engine, self._writer):
            if self._stop.is_set():
                return
        if self._raw_days is not None and time.monotonic() >= self._thin_at:
            self._thin_at = time.monotonic() + THIN_EVERY_SECONDS
            from monitor.metrics.maintenance.retention import thin_runs  # noqa: PLC0415 - NumPy, which an idle monitor never loads

            for run_id in thin_runs(self._engine, self._writer, self._histories, self._raw_days):
                log.info("thinned out the points of run %s", run_id)
                if self._stop.is_set():
                    return
        if self._engine.dialect.name == "sqlite":
            while not self._stop.is_set() and self._writer.call(_free_pages):
                pass


def _free_pages(connection: Connection) -> bool:
    """Returns free pages of the SQLite file to the file system. True when more are left."""
    free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() - FREE_PAGES_KEPT
    if free <= 0 or not connection.exec_driver_sql("PRAGMA auto_vacuum").scalar_one():
        return False
    for _ in range(min(free, PAGES_PER_TRANSACTION)):
        connection.exec_driver_sql("PRAGMA incremental_vacuum(1)")  # Python's driver stops after one page anyway
    return bool(free > PAGES_PER_TRANSACTION)
