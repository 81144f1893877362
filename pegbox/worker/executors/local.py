"""Runs a job in a child process of its own group, and keeps one warm child waiting for the next job."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from pegbox.errors import UnavailableError
from pegbox.schemas.jobs.queue import Capabilities, Device
from pegbox.worker.assignment import Assignment, ChildLine
from pegbox.worker.processes.cpu_settings import HEAP, THREADS

LOG_TAIL_CHARACTERS = 2000


class Child:
    """One trainer process. `latest` is the last line it sent; it is ready once its capabilities came.

    `visible` is the CUDA_VISIBLE_DEVICES that it was started with; `None` leaves the worker's own.
    """

    def __init__(self, home: Path, visible: str | None = None) -> None:
        self.visible = visible
        self.latest = ChildLine()
        self.capabilities: Capabilities | None = None
        self._spoke = threading.Event()
        self._log = home / "worker" / "trainer.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pegbox.trainer.child", "--progress-fd", str(writing)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[writing],
                env=_environment(visible),
                start_new_session=True,
            )
        os.close(writing)
        threading.Thread(target=self._listen, args=(reading,), name="pegbox-child-progress", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self._process.pid

    def wait_until_ready(self, timeout: float | None = None) -> Capabilities:
        """What this machine can train. Raises UnavailableError with the trainer's own words when it cannot start."""
        if not self._spoke.wait(timeout) or self.capabilities is None:
            self.kill()
            raise UnavailableError(f"The trainer does not start: {self._last_words()}")
        return self.capabilities

    def assign(self, assignment: Assignment) -> None:
        """Hands over the job; a child takes one only."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:  # it died; `poll` says so
            stdin.write(assignment.model_dump_json(by_alias=True).encode() + b"\n")

    def poll(self) -> int | None:
        """The exit code (negative: killed by that signal), or `None` while it runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or `None` when it still runs after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Asks it to finish its step, save and leave."""
        if self.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _listen(self, descriptor: int) -> None:
        with open(descriptor, "rb") as pipe:
            for line in pipe:
                try:
                    message = ChildLine.model_validate_json(line)
                except ValidationError:
                    continue
                if message.capabilities:
                    self.capabilities = message.capabilities
                    self._spoke.set()
                else:
                    self.latest = message
        self._spoke.set()

    def _last_words(self) -> str:
        text = self._log.read_text("utf-8", "replace")[-LOG_TAIL_CHARACTERS:].strip()
        if "ModuleNotFoundError" in text:
            return f"{text.splitlines()[-1]}. Install the training extra: pip install 'pegbox[train]'"
        return text.splitlines()[-1] if text else "it took too long"


class LocalExecutor:
    """Starts children on this machine. Use it from the main thread only (see `parent.die_with_parent`).

    A child sees its GPU from its start on, so the spare one waits with the first of `devices`: on a machine with one GPU or
    none it always fits.
    """

    def __init__(self, home: Path, devices: Sequence[Device] = ()) -> None:
        self._home = home
        self._devices = devices
        self._spare: Child | None = None

    def spare(self) -> Child:
        """The waiting child; a new one when there is none or it died."""
        if self._spare is None or self._spare.poll() is not None:
            self._spare = Child(self._home, self._visible(self._devices[:1]))
        return self._spare

    def take(self, devices: Sequence[Device] = ()) -> Child:
        """A child that sees just these devices: the waiting one when it does, else a cold one."""
        visible = self._visible(devices)
        if self.spare().visible != visible:
            return Child(self._home, visible)
        child, self._spare = self.spare(), None
        return child

    def close(self) -> None:
        """Ends the waiting child."""
        if self._spare is not None:
            self._spare.kill()
            self._spare = None

    def _visible(self, devices: Sequence[Device]) -> str | None:
        """On a machine that hands out no GPU the worker's own environment decides."""
        return ",".join(device.uuid for device in devices) if self._devices else None


def _environment(visible: str | None) -> dict[str, str]:
    """The child's environment; what the worker's own says wins, save for the GPUs that were leased."""
    return {
        # SFTTrainer wants no more than one GPU in one process.
        "CUDA_VISIBLE_DEVICES": "0",
        "TOKENIZERS_PARALLELISM": "false",
        **THREADS,
        **HEAP,
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        **({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}),
    }
