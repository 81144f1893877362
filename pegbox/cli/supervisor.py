"""Keeps a handful of processes running: one log stream, restarts with backoff, one stop for all."""

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

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 30.0
"""A process that lived this long starts over with the shortest pause."""

WATCH_SECONDS = 0.1
GRACE_SECONDS = 20.0
"""How long a process may take to end; a training finishes its step and saves in that time."""

Say = Callable[[str, str], None]
"""Prints a line under a process's name."""


@dataclass
class Child:
    """One supervised command; `environment` is what this one is told beside the others."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_seconds: float = FIRST_PAUSE_SECONDS
    start_again_at: float = field(default=0.0)


class Supervisor:
    """Runs children until SIGINT or SIGTERM. Use it from the main thread (children end when the thread that made them ends)."""

    def __init__(self, children: Sequence[Child], environment: Mapping[str, str], say: Say) -> None:
        self._children = children
        self._environment = {**environment, "PEGBOX_SUPERVISED": "1", "PYTHONUNBUFFERED": "1"}
        self._say = say
        self._signals = 0

    def run(self, while_running: Callable[[], None]) -> None:
        """Starts everything, calls `while_running` again and again, and stops everything in reverse order at the end."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            for child in self._children:
                self._start(child)
            while not self._signals:
                for child in self._children:
                    self._look_after(child)
                while_running()
                time.sleep(WATCH_SECONDS)
        finally:
            self._stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals == 2:
            self._say("pegbox", "stopping at once")

    def _start(self, child: Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            env={**self._environment, **child.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C goes to the whole foreground group; the children are to hear of it from us, in order.
            start_new_session=True,
        )
        assert child.process.stdout is not None
        threading.Thread(target=self._relay, args=(child.name, child.process.stdout), daemon=True).start()

    def _relay(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._say(name, line.decode("utf-8", "replace").rstrip())

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            if now - child.started_at >= HEALTHY_SECONDS:
                child.pause_seconds = FIRST_PAUSE_SECONDS
            return
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._say("pegbox", f"{child.name} {how}; starting it again in {child.pause_seconds:g} s")
        child.process = None
        child.start_again_at = now + child.pause_seconds
        child.pause_seconds = min(child.pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    def _stop(self) -> None:
        """The last child first: the worker can still tell the services how its job stands."""
        for child in reversed(self._children):
            if child.process is None or child.process.poll() is not None:
                continue
            self._say("pegbox", f"stopping {child.name}")
            child.process.terminate()
            deadline = time.monotonic() + GRACE_SECONDS
            while child.process.poll() is None and time.monotonic() < deadline and self._signals < 2:
                time.sleep(WATCH_SECONDS)
            if child.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
