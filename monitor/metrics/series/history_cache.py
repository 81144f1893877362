"""The histories of the runs that somebody reads, kept up to date by the writer and bounded in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from monitor.metrics.log import store

if TYPE_CHECKING:
    from monitor.metrics.series.history import RunHistory

MAX_BYTES = 256 * 1024 * 1024


class Histories:
    """Least recently read ones go when the memory limit is reached; they come back from the log."""

    def __init__(self, engine: Engine, max_bytes: int = MAX_BYTES) -> None:
        self._engine = engine
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, RunHistory] = OrderedDict()

    @contextmanager
    def reading(self, run_id: str) -> Iterator[RunHistory]:
        """The history of a run with all that is committed, locked. Reads the log when needed: not for the event loop."""
        history = self._get(run_id)
        with history.lock:
            if history.is_stale:
                history.is_stale = False  # before reading: what is committed meanwhile makes it stale again
                with self._engine.connect() as connection:
                    for batch in store.read_batches(connection, run_id, after=history.last_seq):
                        history.apply(batch.first_seq, batch.last_seq, batch.columns, batch.rewind_to, batch.seqs)
            yield history
        self._shrink()

    def last_seq(self, run_id: str) -> int:
        """The cursor up to which `reading` would hold everything, found without reading a point."""
        history = self._kept.get(run_id)
        if history is not None and history.lock.acquire(blocking=False):
            try:
                if not history.is_stale:
                    return history.last_seq
            finally:
                history.lock.release()
        with self._engine.connect() as connection:
            return store.newest_cursor(connection, run_id)

    def committed(self, batch: store.LoggedBatch) -> None:
        """Called by the writer, in log order. Never waits: a history that is being read is caught up by its next reader."""
        history = self._kept.get(batch.run_id)
        if history is None or history.is_stale:
            return
        if not history.lock.acquire(blocking=False):
            history.is_stale = True
            return
        try:
            if not history.is_stale:
                history.apply(batch.first_seq, batch.last_seq, batch.columns, batch.rewind_to)
        finally:
            history.lock.release()

    def forget(self, run_id: str) -> None:
        """The log holds other points than before: read it again when asked."""
        with self._lock:
            self._kept.pop(run_id, None)

    def _get(self, run_id: str) -> RunHistory:
        from monitor.metrics.series.history import RunHistory  # noqa: PLC0415 - NumPy, which an idle monitor does without

        with self._lock:
            history = self._kept.get(run_id)
            if history is None:
                history = self._kept[run_id] = RunHistory(run_id)
            self._kept.move_to_end(run_id)
            return history

    def _shrink(self) -> None:
        with self._lock:
            total = sum(history.size_bytes for history in self._kept.values())
            while total > self._max_bytes and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                total -= oldest.size_bytes
