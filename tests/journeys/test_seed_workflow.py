"""The published "Complete Workflow Example", unchanged, against both services with the stub hub.

Its addresses are the default ports. Where those are taken on this machine, the ports in its text are replaced, and nothing else.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import SUPPORT_CSV
from tests.stack import Stack, http
from tests.stub_hub import StubHub

EXAMPLE = Path(__file__).parent / "seed" / "workflow_example.py.txt"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def services(home: Path, stub_hub: StubHub) -> Iterator[Stack]:
    """Both services, on the published ports when they are free."""
    stack = Stack(home, {"HF_ENDPOINT": stub_hub.url})
    if is_free(8000) and is_free(8001):
        stack.port, stack.monitor_port = 8000, 8001
        stack.env |= {"PEGBOX_PORT": "8000", "PEGBOX_MONITOR_PORT": "8001"}
    with stack:
        yield stack


def test_the_workflow_example_runs_to_its_last_line(services: Stack, tmp_path: Path) -> None:
    script = EXAMPLE.read_text("utf-8")
    assert "requests.post('http://127.0.0.1:8000/api/jobs', json=job_data)" in script
    script = script.replace(":8000/", f":{services.port}/").replace(":8001/", f":{services.monitor_port}/")
    shutil.copy(SUPPORT_CSV, tmp_path / "dataset.csv")
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "Training Progress: 0.0%\n"

    job = http.get(f"{services.backend_url}/api/jobs").json()["jobs"][0]
    assert job["name"] == "My Fine-tuning Job"
    assert job["configuration"]["model"] == {"uid": "openai-community/gpt2", "name": "GPT-2"}
    assert job["configuration"]["hyperparameters"]["learning_rate"] == 2e-4
    assert job["state"] == "created"
    assert job["validation"]["errors"] == ["Dataset UID not found: test-dataset"]
