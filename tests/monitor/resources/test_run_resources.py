"""`GET /api/runs/{id}/resources`: resource samples during the run."""

from __future__ import annotations

from fastapi.testclient import TestClient

from monitor.app import create_app
from pegbox.settings import Settings
from tests.monitor.cast import create_run
from tests.stack import wait_until


def test_samples_within_the_runs_time(settings: Settings) -> None:
    quick = settings.model_copy(update={"sample_interval_seconds": 0.05})
    with TestClient(create_app(quick), base_url=f"http://127.0.0.1:{settings.monitor_port}") as client:
        create_run(client)
        wait_until(lambda: len(client.get("/api/runs/run-alpha/resources").json()["time"]) >= 5, what="five samples")
        body = client.get("/api/runs/run-alpha/resources").json()
        few = client.get("/api/runs/run-alpha/resources?cols=2").json()
    lengths = {len(values) for name, values in body.items() if name != "gpus"}
    assert len(lengths) == 1
    assert body["time"] == sorted(body["time"])
    assert all(0 <= percent <= 100 for percent in body["cpu_percent"])
    assert 1 <= len(few["time"]) <= 3


def test_unknown_run(monitor_client: TestClient) -> None:
    assert monitor_client.get("/api/runs/nothing/resources").status_code == 404
