"""The thread that keeps the log small: packs batches, thins out old runs, gives freed space back.

It sleeps until something was committed, works in small transactions between those of the writer, and touches nothing while
the monitor is idle.
"""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import Connection, Engine

from monitor.metrics.ingest.writer import Writer
from monitor.metrics.maintenance.compaction import pack_runs
from monitor.metrics.series.history_cache import Histories
from pegbox.errors import UnavailableError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""Between two rounds, so that a round finds more than a few batches."""

THIN_EVERY_SECONDS = 3600.0
FREE_PAGES_KEPT = 1_000
"""New batches soon fill these again: four megabytes of SQLite's pages."""

PAGES_AT_ONCE = 200


class Upkeep:
    """`raw_days`: how long every point of an ended run is kept, None for ever."""

    def __init__(self, engine: Engine, writer: Writer, histories: Histories, raw_days: float | None) -> None:
        self._engine = engine
        self._writer = writer
        self._histories = histories
        self._raw_days = raw_days
        self._committed = threading.Event()
        self._committed.set()  # what an earlier process has left
        self._stop = threading.Event()
        self._thin_at = 0.0
        self._thread = threading.Thread(target=self._work, name="metric-upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def committed(self) -> None:
        """There may be something to pack. Cheap: called after every commit."""
        if not self._committed.is_set():
            self._committed.set()

    def stop(self) -> None:
        """Ends after the step in hand."""
        self._stop.set()
        self._committed.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                self.work()
            except UnavailableError:  # the writer has stopped first
                return
            except Exception:  # the log stays as it is, which is correct if large
                log.exception("the upkeep of the metric log failed; it will be tried again")
            self._committed.wait(THIN_EVERY_SECONDS if self._raw_days is not None else None)

    def work(self) -> None:
        """One round."""
        self._committed.clear()
        for _ in pack_runs(self._engine, self._writer):
            if self._stop.is_set():
                return
        if self._raw_days is not None and time.monotonic() >= self._thin_at:
            self._thin_at = time.monotonic() + THIN_EVERY_SECONDS
            from monitor.metrics.maintenance.retention import thin_runs  # noqa: PLC0415 - NumPy, which an idle monitor does without

            for run_id in thin_runs(self._engine, self._writer, self._histories, self._raw_days):
                log.info("thinned out the points of run %s", run_id)
                if self._stop.is_set():
                    return
        if self._engine.dialect.name == "sqlite":
            while not self._stop.is_set() and self._writer.call(_give_back):
                pass


def _give_back(connection: Connection) -> bool:
    """Returns some free pages of the SQLite file to the file system; whether there are more."""
    free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() - FREE_PAGES_KEPT
    if free <= 0 or not connection.exec_driver_sql("PRAGMA auto_vacuum").scalar_one():
        return False
    for _ in range(min(free, PAGES_AT_ONCE)):
        connection.exec_driver_sql("PRAGMA incremental_vacuum(1)")  # Python's driver would stop after one page anyway
    return bool(free > PAGES_AT_ONCE)
