"""A run: what a training script holds while it logs."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, SupportsFloat

from pegbox.errors import ConflictError
from pegbox.sdk.recording.artifacts import copy_file
from pegbox.sdk.recording.batch import MAX_NAMES, Event, Patch, Rewind, Samples, Shown
from pegbox.sdk.recording.media import Media
from pegbox.sdk.recording.outbox import Outbox
from pegbox.sdk.recording.sender import Flush, Sender
from pegbox.sdk.recording.values import as_number, as_step, as_text

if TYPE_CHECKING:
    from pegbox.sdk.recording.system_metrics import SystemMetrics

AlertLevel = Literal["info", "warning", "error"]
LEVELS = ("info", "warning", "error")
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
        self._system: SystemMetrics | None = None
        self._sender: Sender | None = self._new_sender()
        _living.add(self)

    def _new_sender(self) -> Sender:
        writer = secrets.token_hex(6)
        outbox = Outbox.create(self._folder, self.id, writer, {"url": self.url, "run": self._create})
        sender = Sender(self.url, self._token, self._create, writer, outbox, self._folder, self._flush_interval)
        sender.start()
        return sender

    def log(self, values: Mapping[str, SupportsFloat | Media], step: int | None = None) -> None:
        """Records the metrics of one step, e.g. `run.log({"train_loss": 0.31, "learning_rate": 2e-4}, step=120)`.

        Without `step` the next one is taken. The same step again replaces its values. NaN and infinities are kept. A value may
        also be a `pegbox.Histogram`, `pegbox.Text` or `pegbox.Table`.
        Raises `TypeError` for a value that is not a number, `ValueError` for a name longer than 200 characters.
        """
        numbers: dict[str, float] = dict(values)  # type: ignore[arg-type]
        media: list[str] | None = None
        for name, value in numbers.items():
            if value.__class__ is not float:
                if isinstance(value, Media):
                    media = [*(media or ()), name]
                else:
                    numbers[name] = as_number(name, value)
        shown = [(name, numbers.pop(name)) for name in media] if media else ()
        if not numbers.keys() <= self._names:
            self._check_names(numbers)
        if step is None:
            with self._lock:
                step = self._step = self._step + 1
        else:
            if step.__class__ is not int:
                step = as_step(step)
            self._step = step
        moment = time.time()
        if numbers or not shown:
            self._put((step, moment, numbers))
        for name, item in shown:
            self._put(Shown(step, moment, _media_name(name), item.data))  # type: ignore[attr-defined]

    def watch_system(self, interval_seconds: float | None = None) -> None:
        """Logs readings of this machine as `system/…` until the run finishes."""
        from pegbox.sdk.recording.system_metrics import INTERVAL_SECONDS, SystemMetrics  # noqa: PLC0415 - psutil, for who asks

        if self._system is None:
            self._system = SystemMetrics(self, interval_seconds or INTERVAL_SECONDS)
            self._system.start()

    def log_system(self, readings: Mapping[str, float]) -> None:
        """Records readings of the machine at the newest step so far; `watch_system` does so by itself."""
        numbers = dict(readings)
        self._check_names(numbers)
        self._put((max(self._step, 0), time.time(), numbers))

    def log_artifact(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        description: str = "",
        category: str = "",
        step: int | None = None,
    ) -> None:
        """Keeps a file with the run, under its own name unless `name` says another; the same name again replaces it.

        The file is copied before this returns and uploaded in the background. Raises `FileNotFoundError`,
        `IsADirectoryError`, and `ValueError` for a name that cannot be used.
        """
        query = {"description": as_text(description, 2_000), "category": as_text(category, 100)}
        if step is not None:
            query["step"] = str(as_step(step))
        self._put(copy_file(self._folder, self.id, path, name, query))

    def alert(self, title: str, text: str = "", level: AlertLevel = "warning", step: int | None = None) -> None:
        """Tells whoever watches: shown on the run's page at once, and kept with it."""
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(LEVELS)}, not {level!r}")
        at = None if step is None else as_step(step)
        self._put(Event(at, time.time(), "alert", as_text(title, 500), as_text(text, 20_000), level))

    def log_samples(self, name: str, rows: Sequence[Mapping[str, str]], step: int) -> None:
        """Records answers of the model: rows of `{"prompt", "expected", "answer"}`."""
        copied = [{key: str(row.get(key, "")) for key in ("prompt", "expected", "answer")} for row in rows]
        self._put(Samples(as_step(step), time.time(), as_text(name, MAX_NAME_LENGTH), copied))

    def log_event(self, kind: str, title: str, detail: str = "", step: int | None = None) -> None:
        """Records that something happened: `phase`, `evaluation`, `best`, `checkpoint`, `resumed`, `warning`, `note`, …"""
        self._put(
            Event(
                None if step is None else as_step(step), time.time(), kind, as_text(title, 500), as_text(detail, 20_000)
            )
        )

    def rewind(self, step: int) -> None:
        """Training goes on from `step`: what was logged so far for later steps no longer counts."""
        self._step = as_step(step)
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
        if self._system is not None:
            self._system.stop()
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
        self._system = None
        self._lock = threading.RLock()


def _media_name(name: str) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise ValueError(f"a name must be 1 to {MAX_NAME_LENGTH} characters of text, not {name!r}")
    return name


def living_runs() -> list[Run]:
    """Runs of this process that are not finished."""
    return list(_living)


def _reset_after_fork() -> None:
    for run in _living:
        run._after_fork_in_child()


os.register_at_fork(after_in_child=_reset_after_fork)
