"""Runs several processes with one log, restarts those that end, and stops all of them together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

FIRST_RESTART_DELAY = 0.5
MAX_RESTART_DELAY = 30.0
HEALTHY_SECONDS = 30.0
"""Uptime after which the delay before a restart is reset."""

WATCH_SECONDS = 0.1
GRACE_SECONDS = 20.0
"""Time to stop before a process is killed; a training finishes its step and saves a checkpoint in that time."""

PrintLine = Callable[[str, str], None]
"""Prints a line of the named process."""


@dataclass
class Child:
    """One supervised command; `environment` is added to the common environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_delay: float = FIRST_RESTART_DELAY
    restart_at: float = field(default=0.0)


class Supervisor:
    """Runs children until SIGINT or SIGTERM. Use it in the main thread: children end with the thread that started them."""

    def __init__(self, children: Sequence[Child], environment: Mapping[str, str], print_line: PrintLine) -> None:
        self._children = children
        self._environment = {**environment, "PEGBOX_SUPERVISED": "1", "PYTHONUNBUFFERED": "1"}
        self._print_line = print_line
        self._signals = 0

    def run(self, while_running: Callable[[], None]) -> None:
        """Starts the children, calls `while_running` periodically, and stops the children in reverse order."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            for child in self._children:
                self._start(child)
            while not self._signals:
                for child in self._children:
                    self._restart_if_ended(child)
                while_running()
                time.sleep(WATCH_SECONDS)
        finally:
            self._stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals == 2:
            self._print_line("pegbox", "stopping at once")

    def _start(self, child: Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            env={**self._environment, **child.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C signals the whole foreground group; the supervisor signals the children itself, in order.
            start_new_session=True,
        )
        assert child.process.stdout is not None
        threading.Thread(target=self._relay, args=(child.name, child.process.stdout), daemon=True).start()

    def _relay(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._print_line(name, line.decode("utf-8", "replace").rstrip())

    def _restart_if_ended(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            if now - child.started_at >= HEALTHY_SECONDS:
                child.restart_delay = FIRST_RESTART_DELAY
            return
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._print_line("pegbox", f"{child.name} {how}; starting it again in {child.restart_delay:g} s")
        child.process = None
        child.restart_at = now + child.restart_delay
        child.restart_delay = min(child.restart_delay * 2, MAX_RESTART_DELAY)

    def _stop(self) -> None:
        """Stops the last child first, so that the worker can still report to the services."""
        for child in reversed(self._children):
            if child.process is None or child.process.poll() is not None:
                continue
            self._print_line("pegbox", f"stopping {child.name}")
            child.process.terminate()
            deadline = time.monotonic() + GRACE_SECONDS
            while child.process.poll() is None and time.monotonic() < deadline and self._signals < 2:
                time.sleep(WATCH_SECONDS)
            if child.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
