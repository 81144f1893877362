"""Runs trainers as child processes of the worker, each in a process group of its own."""

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
from pegbox.worker.assignment import Assignment, ProgressLine
from pegbox.worker.gpus import cuda_visible_devices
from pegbox.worker.processes.cpu_settings import HEAP, THREADS

LOG_TAIL_CHARACTERS = 2000


class LocalTrainerProcess:
    """A trainer process on this machine; implements `TrainerProcess`.

    `visible` is the CUDA_VISIBLE_DEVICES of the process; `None` leaves the worker's own value.
    """

    def __init__(self, home: Path, visible: str | None = None) -> None:
        self.visible = visible
        self.latest = ProgressLine()
        self.capabilities: Capabilities | None = None
        self._ready_or_ended = threading.Event()
        self._log = home / "worker" / "trainer.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        read_end, write_end = os.pipe()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pegbox.trainer.child", "--progress-fd", str(write_end)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[write_end],
                env=_environment(visible),
                start_new_session=True,
            )
        os.close(write_end)
        threading.Thread(target=self._read_lines, args=(read_end,), name="pegbox-child-progress", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id, which is also the id of the process group."""
        return self._process.pid

    def wait_until_ready(self, timeout: float | None = None) -> Capabilities:
        """Waits for the capabilities. Raises `UnavailableError` with the last line of the log when the trainer does not start."""
        if not self._ready_or_ended.wait(timeout) or self.capabilities is None:
            self.kill()
            raise UnavailableError(f"The trainer does not start: {self._last_log_line()}")
        return self.capabilities

    def assign(self, assignment: Assignment) -> None:
        """Hands over the job. A process takes one job only."""
        assert self._process.stdin is not None
        # A broken pipe means that the process has ended, which `poll` reports.
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(assignment.model_dump_json(by_alias=True).encode() + b"\n")

    def poll(self) -> int | None:
        """The exit code (negative: ended by that signal), or `None` while the process runs."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, or `None` when the process still runs after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Asks the process to finish its step, save and exit. Returns at once."""
        if self.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kills the process group and waits for the end of the process."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _read_lines(self, descriptor: int) -> None:
        with open(descriptor, "rb") as pipe:
            for line in pipe:
                try:
                    message = ProgressLine.model_validate_json(line)
                except ValidationError:
                    continue
                if message.capabilities:
                    self.capabilities = message.capabilities
                    self._ready_or_ended.set()
                else:
                    self.latest = message
        self._ready_or_ended.set()

    def _last_log_line(self) -> str:
        text = self._log.read_text("utf-8", "replace")[-LOG_TAIL_CHARACTERS:].strip()
        if "ModuleNotFoundError" in text:
            return f"{text.splitlines()[-1]}. Install the training extra: pip install 'pegbox[train]'"
        return text.splitlines()[-1] if text else "it took too long"


class LocalExecutor:
    """Starts trainer processes on this machine; implements `Executor`.

    Not thread-safe: use it from the main thread only (see `parent.die_with_parent`). A process sees its GPUs from its start, so
    the spare process is started with the first of `devices`; on a machine with one GPU or none, the spare fits every job.
    """

    def __init__(self, home: Path, devices: Sequence[Device] = ()) -> None:
        self._home = home
        self._devices = devices
        self._spare: LocalTrainerProcess | None = None

    def spare(self) -> LocalTrainerProcess:
        """The spare process; starts one when there is none or it has ended."""
        if self._spare is None or self._spare.poll() is not None:
            self._spare = LocalTrainerProcess(self._home, self._visible(self._devices[:1]))
        return self._spare

    def take(self, devices: Sequence[Device] = ()) -> LocalTrainerProcess:
        """A process that sees `devices` and no other GPU: the spare process when its GPUs match, else a new one."""
        visible = self._visible(devices)
        if self.spare().visible != visible:
            return LocalTrainerProcess(self._home, visible)
        process, self._spare = self.spare(), None
        return process

    def close(self) -> None:
        """Kills the spare process."""
        if self._spare is not None:
            self._spare.kill()
            self._spare = None

    def _visible(self, devices: Sequence[Device]) -> str | None:
        """The CUDA_VISIBLE_DEVICES for `devices`; `None` (the worker's own value) when the worker hands out no GPU."""
        return cuda_visible_devices(devices) if self._devices else None


def _environment(visible: str | None) -> dict[str, str]:
    """The environment of a trainer process. Values of the worker's own environment win, except for the leased GPUs."""
    return {
        # SFTTrainer supports no more than one GPU per process.
        "CUDA_VISIBLE_DEVICES": "0",
        "TOKENIZERS_PARALLELISM": "false",
        **THREADS,
        **HEAP,
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        **({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}),
    }
