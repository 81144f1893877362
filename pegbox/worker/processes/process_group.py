"""Runs a command as a process group that is killed as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pegbox.worker.processes.reaper import Reaper

GATE = 'read -r _ || exit 125; exec "$@" </dev/null'
"""Delays the command until a line arrives on its stdin, and never starts it when the worker dies before that. `exec` keeps the
process id, so the command leads the process group."""


class ProcessGroup:
    """A running command with its output streams as pipes. The command starts once `reaper` watches its process group."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, reaper: Reaper) -> None:
        self._reaper = reaper
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", GATE, "sh", *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdout, self.stderr = self._process.stdout, self._process.stderr
        reaper.watch(self.id)
        with contextlib.suppress(BrokenPipeError), self._process.stdin as gate:
            gate.write(b"\n")

    @property
    def id(self) -> int:
        """The process group id, which is also the process id of the command."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether the command itself has ended. Does not reap it, so the process group id cannot be reused yet."""
        return os.waitid(os.P_PID, self.id, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def terminate(self) -> None:
        """Sends SIGTERM to every process of the group."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Sends SIGKILL to every process of the group."""
        self._signal(signal.SIGKILL)

    def finish(self) -> int:
        """Kills the remaining processes of the group and returns the command's exit code (negative: ended by that signal)."""
        self.kill()
        code = self._process.wait()
        self._reaper.forget(self.id)
        return code

    def close(self) -> None:
        """Closes the pipes."""
        self.stdout.close()
        self.stderr.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.id, number)
