"""Command jobs on four pretended GPUs while worker and backend are killed: the script for users, with fewer jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.stack import ROOT

JOBS = os.environ.get("QUEUE_UNDER_FIRE_JOBS", "40")


@pytest.mark.slow
def test_every_promise_is_kept_under_fire() -> None:
    """QUEUE_UNDER_FIRE_JOBS=500 makes it the full proof."""
    command = [sys.executable, "test-scripts/queue_under_fire.py", "--jobs", JOBS, "--kills", "3", "--cancels", "6"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.rpartition("}")[0] + "}")
    assert figures["jobs"] == int(JOBS)
    assert figures["kills"] == 3
    assert figures["completed"] > figures["jobs"] / 2
