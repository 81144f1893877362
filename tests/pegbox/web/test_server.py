"""The services' server: quiet while idle, gone at once when told, and clear when it cannot start."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.stack import ROOT, free_port, http, wait_until


def serve(home: Path, port: int) -> subprocess.Popen[bytes]:
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PEGBOX_HOME": str(home), "PEGBOX_MONITOR_PORT": str(port)}
    command = [sys.executable, "-m", "pegbox.cli.serve", "monitor", "127.0.0.1", str(port)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def answers(port: int) -> bool:
    try:
        return bool(http.get(f"http://127.0.0.1:{port}/api/health").status_code == 200)
    except Exception:
        return False


def test_it_ends_on_a_signal_and_says_what_it_has_loaded(home: Path) -> None:
    port = free_port()
    process = serve(home, port)
    wait_until(lambda: answers(port), what="the monitor")
    health = http.get(f"http://127.0.0.1:{port}/api/health")
    assert health.headers["date"]
    assert set(health.json()["dependencies"]) == {"fastapi", "msgspec", "psutil", "pydantic", "sqlalchemy"}

    def date() -> str:
        return http.get(f"http://127.0.0.1:{port}/api/health").headers["date"]

    wait_until(lambda: date() != health.headers["date"], what="a later date")
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode in (0, -15)


def test_a_taken_port_is_a_failure(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = serve(home, taken.getsockname()[1])
        output, _ = process.communicate(timeout=30)
        assert process.returncode not in (0, None)
        assert b"address already in use" in output.lower()
