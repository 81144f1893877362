"""The interface between the worker and whatever starts its trainer processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pegbox.schemas.jobs.queue import Capabilities, Device
from pegbox.worker.assignment import Assignment, ProgressLine


class TrainerProcess(Protocol):
    """A process that trains one job."""

    @property
    def latest(self) -> ProgressLine:
        """The last progress line; an empty line before the first."""

    @property
    def capabilities(self) -> Capabilities | None:
        """What the process can train; `None` until it is ready."""

    def wait_until_ready(self, timeout: float | None = None) -> Capabilities:
        """Waits up to `timeout` seconds for the capabilities. Raises `UnavailableError` when the process does not start."""

    def assign(self, assignment: Assignment) -> None:
        """Hands over the job. A process takes one job only."""

    def poll(self) -> int | None:
        """The exit code (negative: ended by that signal), or `None` while the process runs."""

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or `None` when the process still runs after `timeout` seconds."""

    def stop(self) -> None:
        """Asks the process to finish its step, save and exit. Returns at once."""

    def kill(self) -> None:
        """Kills the process and its children, and waits for its end."""


class Executor(Protocol):
    """Starts trainer processes and keeps a spare one ready for the next job."""

    def spare(self) -> TrainerProcess:
        """The spare process; starts one when there is none or it has ended."""

    def take(self, devices: Sequence[Device] = ()) -> TrainerProcess:
        """A process that sees `devices` and no other GPU. The caller owns the process from then on."""

    def close(self) -> None:
        """Kills the spare process."""
