"""An LRU cache of run histories, updated by the writer and bounded in memory."""

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


class HistoryCache:
    """Thread-safe. Evicts the least recently read histories at the memory limit; an evicted history is rebuilt from the log."""

    def __init__(self, engine: Engine, max_bytes: int = MAX_BYTES) -> None:
        self._engine = engine
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, RunHistory] = OrderedDict()

    @contextmanager
    def reading(self, run_id: str) -> Iterator[RunHistory]:
        """Locks and yields the up-to-date history of a run. May read the log: never call on the event loop."""
        history = self._get(run_id)
        with history.lock:
            if history.is_stale:
                history.is_stale = False  # before reading, since a commit meanwhile marks the history as stale again
                with self._engine.connect() as connection:
                    for batch in store.read_batches(connection, run_id, after=history.last_seq):
                        history.apply(batch.first_seq, batch.last_seq, batch.columns, batch.rewind_to, batch.seqs)
            yield history
        self._shrink()

    def last_seq(self, run_id: str) -> int:
        """Returns the cursor that `reading` would reach, without reading points."""
        history = self._kept.get(run_id)
        if history is not None and history.lock.acquire(blocking=False):
            try:
                if not history.is_stale:
                    return history.last_seq
            finally:
                history.lock.release()
        with self._engine.connect() as connection:
            return store.last_seq_of_run(connection, run_id)

    def apply_commit(self, batch: store.LoggedBatch) -> None:
        """Called by the writer in log order. Never blocks: a locked history is marked stale and updated by its next reader."""
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

    def evict(self, run_id: str) -> None:
        """Drops a history after its log rows were rewritten."""
        with self._lock:
            self._kept.pop(run_id, None)

    def _get(self, run_id: str) -> RunHistory:
        from monitor.metrics.series.history import RunHistory  # noqa: PLC0415 - NumPy, which an idle monitor never loads

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
