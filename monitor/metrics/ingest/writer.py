"""The only thread that writes to the monitor's tables. Group commit: batches that wait together share a transaction.

Items that arrive during a commit form the next group, so groups grow with the load. Callers are answered after the commit.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine

from monitor.metrics.ingest.record_ids import register_record_ids
from monitor.metrics.ingest.run_state import RunState
from monitor.metrics.log import store
from monitor.metrics.log.store import LoggedBatch
from pegbox.errors import PegboxError, TooManyRequestsError, UnavailableError

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_GROUP = 500
MAX_WAITING = 2_000
"""Queue limit; beyond it `append` raises `TooManyRequestsError`."""

SUMMARY_INTERVAL = 0.25
"""Minimum seconds between two updates of a run row. Each update rewrites the row, and lists tolerate this delay."""

CLOSED = "The monitor is shutting down"
MAX_STATES = 2_000
MAX_WRITERS = 20_000


@dataclass(slots=True, frozen=True)
class Accepted:
    """The result of a batch: its sequence number and the cursor of its last record in the log."""

    sequence: int
    seq: int
    is_duplicate: bool


@dataclass(slots=True)
class _Append:
    batch: LoggedBatch
    done: Callable[[Accepted | BaseException], None]


@dataclass(slots=True)
class _Operation(Generic[T]):
    run: Callable[[Connection], T]
    future: Future[T]


class Writer:
    """Calls `on_commit` in the writer thread with the batches of each commit, in log order."""

    def __init__(self, engine: Engine, on_commit: Callable[[list[LoggedBatch]], None]) -> None:
        self._engine = engine
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[_Append | _Operation[Any] | None] = queue.SimpleQueue()
        self._states: OrderedDict[str, RunState] = OrderedDict()
        self._sequences: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._next_seq = 0
        self._is_closed = False
        self._last_failure = ""
        self._thread = threading.Thread(target=self._run, name="metric-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Commits queued items, then ends the thread. Later calls raise `UnavailableError`."""
        self._is_closed = True
        self._queue.put(None)
        self._thread.join()
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                _fail(item, UnavailableError(CLOSED))

    @property
    def queue_length(self) -> int:
        """Number of items that wait for a commit."""
        return self._queue.qsize()

    @property
    def is_healthy(self) -> bool:
        """Whether the thread runs and the last commit succeeded."""
        return self._thread.is_alive() and not self._last_failure

    def append(self, batch: LoggedBatch, done: Callable[[Accepted | BaseException], None]) -> None:
        """Queues a batch and calls `done` in the writer thread after the commit. Raises `TooManyRequestsError`."""
        if self._is_closed:
            raise UnavailableError(CLOSED)
        if self._queue.qsize() > MAX_WAITING:
            raise TooManyRequestsError("The monitor is busy writing; send again in a second")
        self._queue.put(_Append(batch, done))

    def submit(self, batch: LoggedBatch) -> Future[Accepted]:
        """Like `append`, for callers in other threads: returns a future that is done after the commit."""
        future: Future[Accepted] = Future()

        def done(result: Accepted | BaseException) -> None:
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.append(batch, done)
        return future

    def call(self, operation: Callable[[Connection], T]) -> T:
        """Runs an operation in the writer's transaction and returns its value after the commit. Blocking: never call on the loop.

        The operation may raise a `PegboxError` only before its first write.
        """
        if self._is_closed:
            raise UnavailableError(CLOSED)
        future: Future[T] = Future()
        self._queue.put(_Operation(operation, future))
        return future.result()

    def state(self, connection: Connection, run_id: str) -> RunState:
        """Returns the cached state of a run. For operations only, which run in the writer thread."""
        state = self._states.get(run_id)
        if state is None:
            state = self._states[run_id] = RunState.load(connection, run_id)
        self._states.move_to_end(run_id)
        return state

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while True:
                group, is_last = self._collect()
                if group or self._dirty_states(due=True) or is_last:
                    self._commit(connection, group, flush_all=is_last)
                if is_last:
                    return

    def _collect(self) -> tuple[list[_Append | _Operation[Any]], bool]:
        """Returns all queued items and whether to stop. Blocks for the first item unless summaries are due."""
        group: list[_Append | _Operation[Any]] = []
        try:
            item = self._queue.get(timeout=SUMMARY_INTERVAL if self._dirty_states(due=False) else None)
            while item is not None:
                group.append(item)
                if len(group) >= MAX_GROUP:
                    return group, False
                item = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _dirty_states(self, *, due: bool) -> list[RunState]:
        before = time.monotonic() - SUMMARY_INTERVAL
        return [state for state in self._states.values() if state.is_dirty and (not due or state.written_at <= before)]

    def _commit(self, connection: Connection, group: list[_Append | _Operation[Any]], *, flush_all: bool) -> None:
        answers: list[Callable[[], object]] = []
        committed: list[LoggedBatch] = []
        try:
            with connection.begin():
                appends: list[_Append] = []
                for item in group:
                    if isinstance(item, _Append):
                        appends.append(item)
                        continue
                    self._accept(connection, appends, answers, committed)
                    appends = []
                    self._run_operation(connection, item, answers)
                self._accept(connection, appends, answers, committed)
                for state in self._dirty_states(due=not flush_all):
                    state.write(connection)
        except BaseException as error:  # full disk, locked or damaged file: the group was rolled back
            self._log_failure(error)
            self._states.clear()
            self._sequences.clear()
            self._next_seq = 0
            for item in group:
                _fail(item, error)
            return
        self._last_failure = ""
        if committed:
            self._on_commit(committed)
        for answer in answers:
            answer()
        while len(self._states) > MAX_STATES and not next(iter(self._states.values())).is_dirty:
            self._states.popitem(last=False)
        while len(self._sequences) > MAX_WRITERS:
            self._sequences.popitem(last=False)

    def _log_failure(self, error: BaseException) -> None:
        """Logs the traceback only when the error differs from the last one: a full disk would fill the log as well."""
        failure = f"{type(error).__name__}: {error}"
        log.error(
            "the metric writer could not commit: %s", failure, exc_info=error if failure != self._last_failure else None
        )
        self._last_failure = failure

    @staticmethod
    def _run_operation(connection: Connection, item: _Operation[Any], answers: list[Callable[[], object]]) -> None:
        try:
            value = item.run(connection)
        except PegboxError as error:
            item.future.set_exception(error)
        else:
            answers.append(lambda: item.future.set_result(value))

    def _accept(
        self,
        connection: Connection,
        items: list[_Append],
        answers: list[Callable[[], object]],
        committed: list[LoggedBatch],
    ) -> None:
        fresh: list[LoggedBatch] = []
        for item in items:
            batch = item.batch
            try:
                state = self.state(connection, batch.run_id)
            except PegboxError as error:
                item.done(error)
                continue
            if batch.record_ids is not None:
                self._deduplicate(connection, batch)
                if not batch.count:
                    answers.append(_answer(item, Accepted(batch.sequence, state.last_seq, True)))
                    continue
            known = self._find_duplicate(connection, batch, fresh)
            if known is not None:
                answers.append(_answer(item, Accepted(batch.sequence, known, True)))
                continue
            if not self._next_seq:
                self._next_seq = store.next_seq(connection)
            batch.first_seq = self._next_seq
            self._next_seq = batch.last_seq + 1
            if batch.rewind_to is not None:
                fresh = self._append_to_log(connection, fresh, committed)
                state.rebuild(connection, batch.rewind_to)
            batch.columns.fill_epochs(state.last_epoch, state.last_step)
            state.apply(batch.columns, batch.last_seq)
            fresh.append(batch)
            answers.append(_answer(item, Accepted(batch.sequence, batch.last_seq, False)))
        self._append_to_log(connection, fresh, committed)

    @staticmethod
    def _append_to_log(
        connection: Connection, fresh: list[LoggedBatch], committed: list[LoggedBatch]
    ) -> list[LoggedBatch]:
        if fresh:
            store.append(connection, fresh)
            committed.extend(fresh)
        return []

    def _deduplicate(self, connection: Connection, batch: LoggedBatch) -> None:
        """Drops records that are in the log already and assigns the next sequence number to the batch."""
        batch.drop_records(register_record_ids(connection, batch.record_ids or ()))
        batch.sequence = self._last_sequence(connection, batch) + 1

    def _last_sequence(self, connection: Connection, batch: LoggedBatch) -> int:
        """Returns the highest sequence number of the batch's writer so far, -1 before the first."""
        known = self._sequences.get((batch.run_id, batch.writer))
        return store.last_sequence(connection, batch.run_id, batch.writer) if known is None else known

    def _find_duplicate(self, connection: Connection, batch: LoggedBatch, fresh: list[LoggedBatch]) -> int | None:
        """Returns the last cursor of an already accepted batch, else None. Sequences ascend, so a lookup is rare."""
        key = (batch.run_id, batch.writer)
        highest = self._last_sequence(connection, batch)
        self._sequences[key] = max(highest, batch.sequence)
        self._sequences.move_to_end(key)
        if batch.sequence > highest:
            return None
        for other in fresh:  # repeated within one group
            if (other.run_id, other.writer, other.sequence) == (*key, batch.sequence):
                return other.last_seq
        return store.find_duplicate(connection, batch.run_id, batch.writer, batch.sequence)


def _fail(item: _Append | _Operation[Any], error: BaseException) -> None:
    if isinstance(item, _Append):
        item.done(error)
    elif not item.future.done():
        item.future.set_exception(error)


def _answer(item: _Append, accepted: Accepted) -> Callable[[], None]:
    return lambda: item.done(accepted)
