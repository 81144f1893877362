"""A run that a script records."""

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
from pegbox.sdk.recording.batch import MAX_NAMES, Event, MediaEntry, Patch, Rewind, Samples
from pegbox.sdk.recording.media import Media
from pegbox.sdk.recording.outbox import Outbox
from pegbox.sdk.recording.sender import Flush, Sender
from pegbox.sdk.recording.values import MAX_NAME_LENGTH, as_media_name, as_number, as_step, as_text

if TYPE_CHECKING:
    from pegbox.sdk.recording.system_metrics import SystemMetrics

AlertLevel = Literal["info", "warning", "error"]
ALERT_LEVELS = ("info", "warning", "error")
MAX_QUEUED = 500_000
"""Queued entries above which `log` yields to the sender thread."""

FLUSH_INTERVAL = 0.02
"""Seconds between two batches: short enough for live charts, long enough to batch the calls of a tight loop."""

_unfinished: set[Run] = set()


class Run:
    """One recorded execution, created by `pegbox.init`. Thread-safe, and usable after a fork.

    Only `flush`, `settle` and `finish` wait: a background thread writes entries to the outbox on disk within a few hundredths of
    a second and sends them to the monitor.
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
        _unfinished.add(self)

    def _new_sender(self) -> Sender:
        writer = secrets.token_hex(6)
        outbox = Outbox.create(self._folder, self.id, writer, {"url": self.url, "run": self._create})
        sender = Sender(self.url, self._token, self._create, writer, outbox, self._folder, self._flush_interval)
        sender.start()
        return sender

    def log(self, values: Mapping[str, SupportsFloat | Media], step: int | None = None) -> None:
        """Records the metrics of one step, e.g. `run.log({"train_loss": 0.31, "learning_rate": 2e-4}, step=120)`.

        `step` defaults to the last step plus one. Logging a step again replaces its values. NaN and infinities are kept. A value
        may also be a `pegbox.Histogram`, `pegbox.Text` or `pegbox.Table`. Raises `TypeError` for other values, `ValueError` for
        a name longer than 200 characters.
        """
        numbers: dict[str, float] = dict(values)  # type: ignore[arg-type]
        media: list[str] | None = None
        for name, value in numbers.items():
            if value.__class__ is not float:
                if isinstance(value, Media):
                    media = [*(media or ()), name]
                else:
                    numbers[name] = as_number(name, value)
        media_values = [(name, numbers.pop(name)) for name in media] if media else ()
        if not numbers.keys() <= self._names:
            self._check_names(numbers)
        if step is None:
            with self._lock:
                step = self._step = self._step + 1
        else:
            if step.__class__ is not int:
                step = as_step(step)
            self._step = step
        now = time.time()
        if numbers or not media_values:
            self._put((step, now, numbers))
        for name, item in media_values:
            self._put(MediaEntry(step, now, as_media_name(name), item.data))  # type: ignore[attr-defined]

    def watch_system(self, interval_seconds: float | None = None) -> None:
        """Logs resource metrics of this machine as `system/…` until the run finishes."""
        from pegbox.sdk.recording.system_metrics import INTERVAL_SECONDS, SystemMetrics  # noqa: PLC0415 - imports psutil

        if self._system is None:
            self._system = SystemMetrics(self.id, self.log_system, interval_seconds or INTERVAL_SECONDS)
            self._system.start()

    def log_system(self, readings: Mapping[str, float]) -> None:
        """Records resource metrics at the last step. `watch_system` calls this at intervals."""
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
        """Stores a file with the run, under its own name or under `name`. An artifact of the same name is replaced.

        The file is copied before this returns and uploaded in the background. Raises `FileNotFoundError`,
        `IsADirectoryError`, and `ValueError` for an invalid name.
        """
        query = {"description": as_text(description, 2_000), "category": as_text(category, 100)}
        if step is not None:
            query["step"] = str(as_step(step))
        self._put(copy_file(self._folder, self.id, path, name, query))

    def alert(self, title: str, text: str = "", level: AlertLevel = "warning", step: int | None = None) -> None:
        """Shows an alert on the run's page and stores it with the run."""
        if level not in ALERT_LEVELS:
            raise ValueError(f"level must be one of {', '.join(ALERT_LEVELS)}, not {level!r}")
        at = None if step is None else as_step(step)
        self._put(Event(at, time.time(), "alert", as_text(title, 500), as_text(text, 20_000), level))

    def log_samples(self, name: str, rows: Sequence[Mapping[str, str]], step: int) -> None:
        """Records answers of the model: rows of `{"prompt", "expected", "answer"}`."""
        copied = [{key: str(row.get(key, "")) for key in ("prompt", "expected", "answer")} for row in rows]
        self._put(Samples(as_step(step), time.time(), as_text(name, MAX_NAME_LENGTH), copied))

    def log_event(self, kind: str, title: str, detail: str = "", step: int | None = None) -> None:
        """Records an event of a kind such as `phase`, `evaluation`, `best`, `checkpoint`, `resumed`, `warning` or `note`."""
        at = None if step is None else as_step(step)
        self._put(Event(at, time.time(), kind, as_text(title, 500), as_text(detail, 20_000)))

    def rewind(self, step: int) -> None:
        """Continues from `step`: invalidates what was logged for later steps."""
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
        """Updates the run; dictionaries are merged into the existing ones."""
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
        """The summary set with `update` in this process. The monitor adds the last value of every metric."""
        return dict(self._summary)

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until the monitor has stored all entries. False after `timeout` seconds."""
        flush = Flush()
        self._put(flush)
        self._current_sender().wake()
        flush.done.wait(timeout)
        return flush.acknowledged

    def settle(self, timeout: float = 5.0) -> None:
        """Waits until all entries are in the outbox: a few milliseconds, also during an outage of the monitor.

        Call it before a checkpoint is complete: a training resumed from the checkpoint does not log the earlier steps again.
        """
        flush = Flush()
        self._put(flush)
        self._current_sender().wake()
        flush.stored.wait(timeout)

    def finish(self, status: str = "finished", timeout: float = 30.0) -> bool:
        """Ends the run and waits until the monitor has stored all entries. Calling it again has no effect.

        Returns False after `timeout` seconds. The rest stays on disk, and the next process that calls `pegbox.init` with the
        same data folder sends it.
        """
        if self._system is not None:
            self._system.stop()
        with self._lock:
            if self._finished:
                return True
            self._put(Patch({"status": status}))
            self._finished = True
        flush = Flush()
        sender = self._current_sender()
        sender.queue.append(flush)
        sender.wake()
        flush.done.wait(timeout)
        _unfinished.discard(self)
        sender.close(timeout=10.0)
        return flush.acknowledged

    def finish_at_exit(self, status: str, timeout: float) -> None:
        """Finishes the run at the end of the process; a forked child only sends its own entries."""
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
        sender = self._sender or self._current_sender()
        queue = sender.queue
        queue.append(entry)
        if sender.parked:
            sender.wake()
        elif len(queue) > MAX_QUEUED:
            time.sleep(0.001)  # yields to the sender thread

    def _current_sender(self) -> Sender:
        """The sender. A forked child gets its own, because threads and connections stay with the parent."""
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


def unfinished_runs() -> list[Run]:
    """The unfinished runs of this process."""
    return list(_unfinished)


def _reset_after_fork() -> None:
    for run in _unfinished:
        run._after_fork_in_child()


os.register_at_fork(after_in_child=_reset_after_fork)
