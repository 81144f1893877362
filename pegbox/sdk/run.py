"""A run: what a training script holds while it logs."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, SupportsFloat

from pegbox.errors import ConflictError
from pegbox.sdk.batch import MAX_NAMES, Event, Patch, Rewind, Samples
from pegbox.sdk.outbox import Outbox
from pegbox.sdk.sender import Flush, Sender

MAX_NAME_LENGTH = 200
MAX_WAITING = 500_000
"""Log calls that may wait for the background thread before `log` lets it catch up."""

FLUSH_INTERVAL = 0.02
"""Seconds between two batches: short enough to look live, long enough that a tight loop travels in bulk."""

_living: set[Run] = set()


class Run:
    """One recorded execution. Made by `pegbox.init`; safe to use from several threads and after a fork.

    No method but `flush` and `finish` touches the network or waits for the disk: a background thread does. What was logged
    reaches the outbox on disk within a few hundredths of a second, and the monitor as soon as it answers.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        create: dict[str, Any],
        folder: Path,
        *,
        last_step: int | None = None,
        flush_interval: float = FLUSH_INTERVAL,
    ) -> None:
        self.id: str = create["id"]
        self.name: str = create.get("name") or self.id
        self.experiment: str = create["experiment"]
        self.job_uid: str | None = create.get("job_uid")
        self.url = url
        self._token = token
        self._create = create
        self._folder = folder
        self._flush_interval = flush_interval
        self._lock = threading.RLock()
        self._names: set[str] = set()
        self._step = -1 if last_step is None else last_step
        self._summary: dict[str, Any] = {}
        self._finished = False
        self._owner = os.getpid()
        self._sender: Sender | None = self._new_sender()
        _living.add(self)

    def _new_sender(self) -> Sender:
        writer = secrets.token_hex(6)
        outbox = Outbox.create(self._folder, self.id, writer, {"url": self.url, "run": self._create})
        sender = Sender(self.url, self._token, self._create, writer, outbox, self._folder, self._flush_interval)
        sender.start()
        return sender

    def log(self, values: Mapping[str, SupportsFloat], step: int | None = None) -> None:
        """Records the metrics of one step, e.g. `run.log({"train_loss": 0.31, "learning_rate": 2e-4}, step=120)`.

        Without `step` the next one is taken. The same step again replaces its values. NaN and infinities are kept.
        Raises `TypeError` for a value that is not a number, `ValueError` for a name longer than 200 characters.
        """
        numbers: dict[str, float] = dict(values)  # type: ignore[arg-type]
        for name, value in numbers.items():
            if value.__class__ is not float:
                numbers[name] = _number(name, value)
        if not numbers.keys() <= self._names:
            self._check_names(numbers)
        if step is None:
            with self._lock:
                step = self._step = self._step + 1
        else:
            if step.__class__ is not int:
                step = _step(step)
            self._step = step
        self._put((step, time.time(), numbers))

    def log_samples(self, name: str, rows: Sequence[Mapping[str, str]], step: int) -> None:
        """Records answers of the model: rows of `{"prompt", "expected", "answer"}`."""
        copied = [{key: str(row.get(key, "")) for key in ("prompt", "expected", "answer")} for row in rows]
        self._put(Samples(_step(step), time.time(), _text(name, MAX_NAME_LENGTH), copied))

    def log_event(self, kind: str, title: str, detail: str = "", step: int | None = None) -> None:
        """Records that something happened: `phase`, `evaluation`, `best`, `checkpoint`, `resumed`, `warning`, `note`, …"""
        self._put(
            Event(None if step is None else _step(step), time.time(), kind, _text(title, 500), str(detail)[:20_000])
        )

    def rewind(self, step: int) -> None:
        """Training goes on from `step`: what was logged so far for later steps no longer counts."""
        self._step = _step(step)
        self._put(Rewind(self._step))

    def update(
        self,
        *,
        total_steps: int | None = None,
        config: Mapping[str, Any] | None = None,
        summary: Mapping[str, Any] | None = None,
        status: str | None = None,
    ) -> None:
        """Changes the run's own record; dictionaries are merged into what is there."""
        body: dict[str, Any] = {}
        if total_steps is not None:
            body["total_steps"] = total_steps
        if config is not None:
            body["config"] = dict(config)
        if summary is not None:
            body["summary"] = dict(summary)
            self._summary.update(summary)
        if status is not None:
            body["status"] = status
        if body:
            self._put(Patch(body))

    @property
    def summary(self) -> dict[str, Any]:
        """What this process put into the summary with `update`; the monitor adds the last value of every metric."""
        return dict(self._summary)

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until all that was logged is safe in the monitor's database. False when `timeout` seconds were not enough."""
        flush = Flush()
        self._put(flush)
        self._living_sender().wake()
        flush.done.wait(timeout)
        return flush.acknowledged

    def settle(self, timeout: float = 5.0) -> None:
        """Waits until all that was logged is in the outbox: a few milliseconds, whatever the monitor does.

        Call it before a checkpoint counts as written: a training that goes on from there would not log those steps again.
        """
        mark = Flush()
        self._put(mark)
        self._living_sender().wake()
        mark.stored.wait(timeout)

    def finish(self, status: str = "finished", timeout: float = 30.0) -> bool:
        """Ends the run and waits until everything was delivered; does nothing the second time.

        Returns False when the monitor could not be reached within `timeout` seconds: the rest then waits on disk for the
        next process that calls `pegbox.init` on the same data folder.
        """
        with self._lock:
            if self._finished:
                return True
            self._put(Patch({"status": status}))
            self._finished = True
        flush = Flush()
        sender = self._living_sender()
        sender.queue.append(flush)
        sender.wake()
        flush.done.wait(timeout)
        _living.discard(self)
        sender.close(timeout=10.0)
        return flush.acknowledged

    def leave(self, status: str, timeout: float) -> None:
        """At the end of the process: finishes the run, or in a forked child only delivers what the child has logged."""
        if os.getpid() == self._owner:
            self.finish(status, timeout)
        elif self._sender is not None:
            self.flush(timeout)
            self._finished = True
            self._sender.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish("finished" if kind is None else "failed")

    def __repr__(self) -> str:
        return f"<pegbox.Run {self.id} in experiment {self.experiment!r}>"

    def _put(self, entry: Any) -> None:
        if self._finished:
            raise ConflictError(f"run {self.id} is finished")
        sender = self._sender or self._living_sender()
        queue = sender.queue
        queue.append(entry)
        if sender.parked:
            sender.wake()
        elif len(queue) > MAX_WAITING:
            time.sleep(0.001)  # gives the interpreter to the sending thread; nothing is thrown away

    def _living_sender(self) -> Sender:
        """The sender; in a forked child a new one, because threads and connections stay with the parent."""
        with self._lock:
            if self._sender is None:
                self._sender = self._new_sender()
            return self._sender

    def _check_names(self, numbers: dict[str, float]) -> None:
        for name in numbers:
            if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
                raise ValueError(f"a metric's name must be 1 to {MAX_NAME_LENGTH} characters of text, not {name!r}")
        with self._lock:
            names = self._names | numbers.keys()
            if len(names) > MAX_NAMES:
                raise ValueError(f"a run holds at most {MAX_NAMES} different metrics")
            self._names = names

    def _after_fork_in_child(self) -> None:
        if self._sender is not None:
            self._sender.abandon()
        self._sender = None
        self._lock = threading.RLock()


def _number(name: str, value: SupportsFloat) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"metric {name!r} must be a number, not {type(value).__name__}") from error
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]


def _step(step: Any) -> int:
    number = int(step)
    if number != step or not -(2**53) < number < 2**53:
        raise ValueError(f"step must be a whole number, not {step!r}")
    return number


def _text(value: str, limit: int) -> str:
    return str(value)[:limit]


def living_runs() -> list[Run]:
    """Runs of this process that are not finished."""
    return list(_living)


def _reset_after_fork() -> None:
    for run in _living:
        run._after_fork_in_child()


os.register_at_fork(after_in_child=_reset_after_fork)
