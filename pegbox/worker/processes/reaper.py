"""Outlives a worker by a moment, to end what it was running: `python -m pegbox.worker.processes.reaper`.

The worker writes `+<group>` before a command begins and `-<group>` after its group is gone. When the pipe closes, however the
worker ended, every group still on the list is killed whole: nothing goes on using a GPU that was given to somebody else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


class Reaper:
    """The worker's end of the pipe; safe to use from several threads. A reaper that was killed is replaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._process = _start()

    def watch(self, group: int) -> None:
        """From now on the group dies with this process."""
        with self._lock:
            self._groups.add(group)
            self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """The group is gone; its number may be given to somebody else."""
        with self._lock:
            self._groups.discard(group)
            self._tell(f"-{group}\n")

    def close(self) -> None:
        """Ends the reaper, and with it every group that it still watches."""
        with self._lock:
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            os.write(self._process.stdin.fileno(), line.encode())
        except OSError:
            self._process.wait()
            self._process = _start()
            assert self._process.stdin is not None
            os.write(self._process.stdin.fileno(), "".join(f"+{group}\n" for group in self._groups).encode())


def _start() -> subprocess.Popen[bytes]:
    # A session of its own: neither Ctrl-C nor the end of the worker's group reaches it.
    return subprocess.Popen(
        [sys.executable, "-m", "pegbox.worker.processes.reaper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def main() -> None:
    """Reads until the pipe closes, then kills what is on the list."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
