"""The examples of Aspara's tracker document, as they are printed there; only the address is the running monitor's."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dialects.foreign_client import ForeignScript
from tests.pegbox.sdk.monitor_process import MonitorProcess

HEALTH = """
import requests

BASE_URL = "http://localhost:3142/tracker"

# Check if the tracker is running
response = requests.get(f"{BASE_URL}/api/v1/health")
print(response.json())  # {"status": "ok"}
"""
CREATE = """
import requests

BASE_URL = "http://localhost:3142/tracker"
project_name = "my_project"

# Create a new run with metadata
response = requests.post(
    f"{BASE_URL}/api/v1/projects/{project_name}/runs",
    json={
        "name": "experiment_001",
        "tags": ["baseline", "v1"],
        "notes": "Initial experiment",
        "config": {"learning_rate": 0.001, "batch_size": 32},
        "project_tags": ["production"]
    }
)
print(response.json())
# {"project": "my_project", "name": "experiment_001", "run_id": "experiment_001"}
"""
METRICS = """
import requests
from datetime import datetime

BASE_URL = "http://localhost:3142/tracker"
project_name = "my_project"
run_name = "experiment_001"

# Log metrics for a specific step
response = requests.post(
    f"{BASE_URL}/api/v1/projects/{project_name}/runs/{run_name}/metrics",
    json={
        "type": "metrics",
        "timestamp": datetime.now().isoformat(),
        "run": run_name,
        "project": project_name,
        "step": 100,
        "metrics": {"loss": 0.5, "accuracy": 0.85}
    }
)
print(response.json())  # {"status": "ok"}
"""
ARTIFACT = """
import requests

BASE_URL = "http://localhost:3142/tracker"
project_name = "my_project"
run_name = "experiment_001"

# Upload a file as an artifact
with open("model.pt", "rb") as f:
    response = requests.post(
        f"{BASE_URL}/api/v1/projects/{project_name}/runs/{run_name}/artifacts",
        files={"file": ("model.pt", f)},
        data={
            "name": "trained_model.pt",
            "description": "Final trained model",
            "category": "model"
        }
    )
print(response.json())
# {"artifact_name": "trained_model.pt", "file_size": 12345}
"""
REMOTE_RUN = """
import aspara

# Connect to a remote tracker
run = aspara.init(
    project="my_project",
    name="experiment_001",
    tracker_uri="http://localhost:3142",
    config={"learning_rate": 0.001}
)

# Log metrics (automatically sent to the tracker)
for step in range(100):
    run.log({"loss": 0.5 - step * 0.005, "accuracy": 0.5 + step * 0.005})

run.finish()
"""


def addressed(example: str, monitor: MonitorProcess) -> str:
    return example.replace("localhost:3142", monitor.url.removeprefix("http://"))


def printed(example: str, monitor: MonitorProcess, folder: Path) -> Any:
    """What the example prints, in a process whose clock is nine hours ahead of UTC, as the monitor's is."""
    answer = subprocess.run(
        [sys.executable, "-c", addressed(example, monitor)],
        cwd=folder,
        env={"TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return ast.literal_eval(answer.stdout)


@pytest.fixture(scope="module")
def tokyo(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with MonitorProcess(tmp_path_factory.mktemp("tokyo") / "home", {"TZ": "Asia/Tokyo"}) as process:
        yield process


def test_the_examples_with_requests(tokyo: MonitorProcess, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"x" * 12345)
    assert printed(HEALTH, tokyo, tmp_path) == {"status": "ok"}
    created = printed(CREATE, tokyo, tmp_path)
    assert created.items() >= {"project": "my_project", "name": "experiment_001"}.items()
    before = time.time()
    assert printed(METRICS, tokyo, tmp_path) == {"status": "ok"}
    artifact = printed(ARTIFACT, tokyo, tmp_path)
    assert artifact.items() >= {"artifact_name": "trained_model.pt", "file_size": 12345}.items()

    run = tokyo.get(f"/api/runs/{created['run_id']}")
    assert run["config"].items() >= {"learning_rate": 0.001, "batch_size": 32, "_notes": "Initial experiment"}.items()
    (loss,) = [tokyo.get(f"/api/runs/{run['id']}/series")["series"]["train_loss"]]
    assert (loss["x"], loss["mean"]) == ([100], [0.5])
    assert before - 1 <= loss["time"][0] <= time.time()  # local time was meant, and understood
    content = requests.get(f"{tokyo.url}/api/runs/{run['id']}/artifacts/trained_model.pt", timeout=30).content
    assert content == b"x" * 12345


def test_the_example_with_the_client(aspara_python: Path, tmp_path: Path) -> None:
    """It gives its run the name that another example has made: a second monitor, as there it would be refused too."""
    with MonitorProcess(tmp_path / "monitor" / "home") as monitor:
        with ForeignScript(aspara_python, addressed(REMOTE_RUN, monitor), tmp_path) as script:
            script.wait()
        (run,) = monitor.get("/api/runs?experiment=my_project")
        assert (run["status"], run["record_count"]) == ("finished", 100)
        assert len(monitor.series(run["id"], "accuracy")) == 100


@pytest.mark.parametrize("path", ["/tracker/docs/tracker", "/tracker/docs/tracker/redoc"])
def test_the_promised_pages_need_nothing_from_elsewhere(tokyo: MonitorProcess, path: str) -> None:
    answer = requests.get(tokyo.url + path, timeout=30)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "POST /tracker/api/v1/projects/{project_name}/runs/{run_name}/metrics" in answer.text
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace("HTTP", "")


def test_the_promised_document_is_whole(tokyo: MonitorProcess) -> None:
    document = requests.get(f"{tokyo.url}/tracker/openapi.json", timeout=30).json()
    assert {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} == {
        "GET /tracker/api/v1/health",
        "POST /tracker/api/v1/projects/{project_name}/runs",
        *(
            f"POST /tracker/api/v1/projects/{{project_name}}/runs/{{run_name}}/{word}"
            for word in ("metrics", "metrics/batch", "artifacts", "config", "summary", "tags", "finish")
        ),
    }
    assert {"RunAnnouncement", "MetricRecord", "MetricBatch", "ErrorBody"} <= set(document["components"]["schemas"])
