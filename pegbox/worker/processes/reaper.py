"""A process that outlives the worker and kills its commands: `python -m pegbox.worker.processes.reaper`.

The worker writes `+<process group>` before a command starts and `-<process group>` after the group has ended. When the pipe
closes, for whatever reason the worker ended, the reaper kills every group that remains, so that no command keeps using a GPU
that is leased to another job.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


class Reaper:
    """Starts the reaper process and writes to its pipe. Thread-safe. A reaper process that ended is replaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._process = _start()

    def watch(self, group: int) -> None:
        """Kills the process group `group` when this process ends."""
        with self._lock:
            self._groups.add(group)
            self._write(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Stops watching a process group that has ended; the system may reuse its id."""
        with self._lock:
            self._groups.discard(group)
            self._write(f"-{group}\n")

    def close(self) -> None:
        """Ends the reaper process, and with it every group that is still watched."""
        with self._lock:
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            os.write(self._process.stdin.fileno(), line.encode())
        except OSError:
            self._process.wait()
            self._process = _start()
            assert self._process.stdin is not None
            os.write(self._process.stdin.fileno(), "".join(f"+{group}\n" for group in self._groups).encode())


def _start() -> subprocess.Popen[bytes]:
    # In a session of its own, so that neither Ctrl-C nor a signal to the worker's process group reaches it.
    return subprocess.Popen(
        [sys.executable, "-m", "pegbox.worker.processes.reaper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def main() -> None:
    """Reads process groups from stdin until it closes, then kills those that remain."""
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
