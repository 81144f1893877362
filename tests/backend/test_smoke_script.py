"""The smoke script for users finds nothing wrong with a fresh backend, and something wrong where nothing answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.stack import ROOT, Stack, free_port, http


def run(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "test-scripts" / "smoke_api.py")]
    env = {**os.environ, "PEGBOX_URL": url}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_smoke_script(home: Path) -> None:
    stack = Stack(home)
    try:
        stack.start("backend")
        result = run(stack.backend_url)
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout.endswith("all as expected\n")
        assert http.get(f"{stack.backend_url}/api/datasets").json() == []
        assert http.get(f"{stack.backend_url}/api/jobs").json()["total"] == 0
    finally:
        stack.stop()


def test_smoke_script_without_a_backend() -> None:
    result = run(f"http://127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert "does not answer" in result.stdout
