"""An experiment with a job, scripts' runs and a demonstration."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]

RUNS: dict[str, Json] = {
    "good": {"config": {"lr": 0.1, "net": {"depth": 3}}, "summary": {"validation_loss": 0.41, "accuracy": 0.7}},
    "better": {"config": {"lr": 0.2, "net": {"depth": 3}}, "summary": {"validation_loss": 0.39, "accuracy": 0.6}},
    "made-up": {"config": {}, "summary": {"validation_loss": 0.01, "accuracy": 1.0}, "tags": ["demo"]},
    "diverged": {"config": {}, "summary": {"validation_loss": float("nan"), "note": "lost"}},
    "words": {"config": {}, "summary": {"validation_loss": "0.0", "grad_norm": 2.0}},
}


@pytest.fixture
def digits(client: TestClient, monitor_client: TestClient) -> str:
    """The experiment `digits`, made by its first run: five runs of scripts, oldest first as in RUNS. Its id."""
    for name, run in RUNS.items():
        body = {"id": name, "name": name.title(), "experiment": "digits", "tags": run.get("tags", [])}
        assert monitor_client.post("/api/runs", json={**body, "config": run["config"]}).status_code == 201
        answer = monitor_client.patch(
            f"/api/runs/{name}",
            content=json.dumps({"summary": run["summary"], "status": "finished"}),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 200, answer.text
    (experiment,) = client.get("/api/experiments").json()
    return str(experiment["id"])
