"""Backend, monitor and worker as real processes, for tests that use sockets or kill processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

ROOT = Path(__file__).parent.parent
START_SECONDS = 120

http = httpx2.Client(verify=False, limits=httpx2.Limits(max_keepalive_connections=0), timeout=30)
"""HTTP client for tests: one TLS context for all calls (60 ms of CPU each), no keep-alive connections to killed services."""


_used_ports: set[int] = set()


def free_port() -> int:
    """A free port, a different one each time."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _used_ports:
            _used_ports.add(port)
            return port


def wait_until(condition: Callable[[], Any], *, seconds: float = 90, what: str = "the condition") -> Any:
    """Returns the first truthy value of `condition`. Raises `AssertionError` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds:.0f} s")
        time.sleep(0.1)


class Stack:
    """A context manager that starts backend and monitor and stops all processes. Output is in `<home>/../<name>.out`."""

    def __init__(self, home: Path, env: dict[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.monitor_port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PEGBOX_HOME": str(home),
            "PEGBOX_PORT": str(self.port),
            "PEGBOX_MONITOR_PORT": str(self.monitor_port),
            "PEGBOX_URL": self.backend_url,
            "PEGBOX_MONITOR_URL": self.monitor_url,
            "PEGBOX_LEASE_SECONDS": "3",
            **(env or {}),
        }

    @property
    def backend_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self.monitor_port}"

    def start(self, *names: str) -> subprocess.Popen[bytes]:
        """Starts `backend`, `monitor` or `worker` in parallel and waits until the services respond.

        Returns the last process.
        """
        processes = {name: self._spawn(name) for name in names}
        for name, process in processes.items():
            if name != "worker":
                self._wait_until_ready(name, process)
        return processes[names[-1]]

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        commands = {
            "backend": ["pegbox.cli.serve", "backend", "127.0.0.1", str(self.port)],
            "monitor": ["pegbox.cli.serve", "monitor", "127.0.0.1", str(self.monitor_port)],
            "worker": ["pegbox", "worker"],
        }
        log = (self.home.parent / f"{name}.out").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", *commands[name]],
            cwd=ROOT,
            env=self.env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.processes[name] = process
        return process

    def _wait_until_ready(self, name: str, process: subprocess.Popen[bytes]) -> None:
        url = self.backend_url if name == "backend" else self.monitor_url
        wait_until(lambda: self._is_ready(process, name, url), seconds=START_SECONDS, what=f"the start of {name}")

    def _is_ready(self, process: subprocess.Popen[bytes], name: str, url: str) -> bool:
        assert process.poll() is None, f"{name} ended at once:\n{self.output(name)[-3000:]}"
        try:
            return http.get(f"{url}/api/health", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends a signal to a process, by default SIGKILL, and waits for its end."""
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(timeout=60)

    def output(self, name: str) -> str:
        """The output of a process so far."""
        path = self.home.parent / f"{name}.out"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def __enter__(self) -> Self:
        try:
            self.start("backend", "monitor")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops all processes, the worker first, so that its last report reaches the backend."""
        for name in ("worker", "monitor", "backend"):
            process = self.processes.pop(name, None)
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
