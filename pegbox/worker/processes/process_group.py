"""A command as a process group: started only when it is being watched, and ended whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pegbox.worker.processes.reaper import Reaper

GATE = 'read -r _ || exit 125; exec "$@" </dev/null'
"""The command begins when it is told to on its standard input, and never when its worker died before that. `exec` keeps the
process id, so that the command itself leads the group."""


class ProcessGroup:
    """A running command with both its output streams as pipes. `exit_code` is negative when a signal ended it."""

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
        reaper.watch(self.group)
        with contextlib.suppress(BrokenPipeError), self._process.stdin as gate:
            gate.write(b"\n")

    @property
    def group(self) -> int:
        """The group's id, which is its leader's process id too."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether the command itself has ended. It is not reaped yet, so its group's number is still its own."""
        return os.waitid(os.P_PID, self.group, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def terminate(self) -> None:
        """Asks every process of the group to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends every process of the group."""
        self._signal(signal.SIGKILL)

    def finish(self) -> int:
        """Kills what the command left behind in its group, and gives its exit code."""
        self.kill()
        code = self._process.wait()
        self._reaper.forget(self.group)
        return code

    def close(self) -> None:
        """Closes the pipes."""
        self.stdout.close()
        self.stderr.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, number)
