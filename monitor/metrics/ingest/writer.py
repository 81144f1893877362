"""The one thread that writes to the monitor's tables. Batches that arrive together share a commit.

Whatever waits while a commit runs goes into the next one, so the busier the monitor the larger the groups; an answer is given
only after the commit that made it true.
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

from monitor.metrics.ingest.record_ids import remember
from monitor.metrics.ingest.run_state import RunState
from monitor.metrics.log import store
from monitor.metrics.log.store import LoggedBatch
from pegbox.errors import PegboxError, TooManyRequestsError, UnavailableError

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_GROUP = 500
MAX_WAITING = 2_000
"""Requests that may wait for the writer; beyond it clients are told to come back."""

SUMMARY_INTERVAL = 0.25
"""Seconds between two updates of a run row: it is rewritten whole, and lists need not be fresher than this."""

CLOSED = "The monitor is shutting down"
MAX_STATES = 2_000
MAX_WRITERS = 20_000


@dataclass(slots=True, frozen=True)
class Accepted:
    """What became of a batch: its sequence number and the last cursor it has in the log."""

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
    """`on_commit` is called in the writer's thread with the batches of each commit, in log order."""

    def __init__(self, engine: Engine, on_commit: Callable[[list[LoggedBatch]], None]) -> None:
        self._engine = engine
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[_Append | _Operation[Any] | None] = queue.SimpleQueue()
        self._states: OrderedDict[str, RunState] = OrderedDict()
        self._sequences: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._next_seq = 0
        self._is_closed = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name="metric-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finishes what waits, then ends; whoever comes later is refused."""
        self._is_closed = True
        self._queue.put(None)
        self._thread.join()
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                _fail(item, UnavailableError(CLOSED))

    @property
    def waiting(self) -> int:
        """Requests that wait for a commit."""
        return self._queue.qsize()

    @property
    def is_well(self) -> bool:
        """Whether it works, and its last commit went through."""
        return self._thread.is_alive() and not self._trouble

    def append(self, batch: LoggedBatch, done: Callable[[Accepted | BaseException], None]) -> None:
        """Queues a batch; `done` is called in the writer's thread after the commit. Raises `TooManyRequestsError`."""
        if self._is_closed:
            raise UnavailableError(CLOSED)
        if self._queue.qsize() > MAX_WAITING:
            raise TooManyRequestsError("The monitor is busy writing; send again in a second")
        self._queue.put(_Append(batch, done))

    def submit(self, batch: LoggedBatch) -> Future[Accepted]:
        """Like `append`, for threads: the future is done after the commit."""
        future: Future[Accepted] = Future()

        def done(result: Accepted | BaseException) -> None:
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.append(batch, done)
        return future

    def call(self, operation: Callable[[Connection], T]) -> T:
        """Runs an operation in the writer's transaction and returns its value after the commit. Blocks: not for the loop.

        It may raise a `PegboxError` only before it has written anything.
        """
        if self._is_closed:
            raise UnavailableError(CLOSED)
        future: Future[T] = Future()
        self._queue.put(_Operation(operation, future))
        return future.result()

    def state(self, connection: Connection, run_id: str) -> RunState:
        """For operations: the run's state, to change what the row says of it."""
        state = self._states.get(run_id)
        if state is None:
            state = self._states[run_id] = RunState.load(connection, run_id)
        self._states.move_to_end(run_id)
        return state

    def _work(self) -> None:
        with self._engine.connect() as connection:
            while True:
                group, is_last = self._collect()
                if group or self._dirty(due=True) or is_last:
                    self._commit(connection, group, flush_all=is_last)
                if is_last:
                    return

    def _collect(self) -> tuple[list[_Append | _Operation[Any]], bool]:
        """Everything that waits; blocks for the first one unless summaries are due."""
        group: list[_Append | _Operation[Any]] = []
        try:
            item = self._queue.get(timeout=SUMMARY_INTERVAL if self._dirty(due=False) else None)
            while item is not None:
                group.append(item)
                if len(group) >= MAX_GROUP:
                    return group, False
                item = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _dirty(self, *, due: bool) -> list[RunState]:
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
                    self._append(connection, appends, answers, committed)
                    appends = []
                    self._operate(connection, item, answers)
                self._append(connection, appends, answers, committed)
                for state in self._dirty(due=not flush_all):
                    state.write(connection)
        except BaseException as error:  # the disk is full, the file is locked or damaged: nothing of this group is true
            self._report(error)
            self._states.clear()
            self._sequences.clear()
            self._next_seq = 0
            for item in group:
                _fail(item, error)
            return
        self._trouble = ""
        if committed:
            self._on_commit(committed)
        for answer in answers:
            answer()
        while len(self._states) > MAX_STATES and not next(iter(self._states.values())).is_dirty:
            self._states.popitem(last=False)
        while len(self._sequences) > MAX_WRITERS:
            self._sequences.popitem(last=False)

    def _report(self, error: BaseException) -> None:
        """With the traceback the first time; a full disk would otherwise fill the log as well."""
        trouble = f"{type(error).__name__}: {error}"
        log.error(
            "the metric writer could not commit: %s", trouble, exc_info=error if trouble != self._trouble else None
        )
        self._trouble = trouble

    @staticmethod
    def _operate(connection: Connection, item: _Operation[Any], answers: list[Callable[[], object]]) -> None:
        try:
            value = item.run(connection)
        except PegboxError as error:
            item.future.set_exception(error)
        else:
            answers.append(lambda: item.future.set_result(value))

    def _append(
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
                self._number(connection, batch)
                if not batch.count:
                    answers.append(_answer(item, Accepted(batch.sequence, state.last_seq, True)))
                    continue
            known = self._known(connection, batch, fresh)
            if known is not None:
                answers.append(_answer(item, Accepted(batch.sequence, known, True)))
                continue
            if not self._next_seq:
                self._next_seq = store.next_seq(connection)
            batch.first_seq = self._next_seq
            self._next_seq = batch.last_seq + 1
            if batch.rewind_to is not None:
                fresh = self._write(connection, fresh, committed)
                state.rebuild(connection, batch.rewind_to)
            batch.columns.carry_epoch(state.last_epoch, state.last_step)
            state.apply(batch.columns, batch.last_seq)
            fresh.append(batch)
            answers.append(_answer(item, Accepted(batch.sequence, batch.last_seq, False)))
        self._write(connection, fresh, committed)

    @staticmethod
    def _write(connection: Connection, fresh: list[LoggedBatch], committed: list[LoggedBatch]) -> list[LoggedBatch]:
        if fresh:
            store.append(connection, fresh)
            committed.extend(fresh)
        return []

    def _number(self, connection: Connection, batch: LoggedBatch) -> None:
        """Leaves out the records that came before, and makes the rest the writer's next batch."""
        batch.leave_out(remember(connection, batch.record_ids or ()))
        batch.sequence = self._highest(connection, batch) + 1

    def _highest(self, connection: Connection, batch: LoggedBatch) -> int:
        """The highest sequence number of the batch's writer so far."""
        known = self._sequences.get((batch.run_id, batch.writer))
        return store.last_sequence(connection, batch.run_id, batch.writer) if known is None else known

    def _known(self, connection: Connection, batch: LoggedBatch, fresh: list[LoggedBatch]) -> int | None:
        """The last cursor of this very batch if it was accepted before. Sequences rise, so a lookup is rarely needed."""
        key = (batch.run_id, batch.writer)
        highest = self._highest(connection, batch)
        self._sequences[key] = max(highest, batch.sequence)
        self._sequences.move_to_end(key)
        if batch.sequence > highest:
            return None
        for other in fresh:  # sent twice within one group
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
