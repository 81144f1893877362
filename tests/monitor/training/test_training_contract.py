"""Every endpoint of the Training Monitor API against its published example: keys, types, status, order."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from tests.monitor.cast import add_job, create_run, evaluate, train

LOSS = {
    "iteration": 145,
    "epoch": 2,
    "step": 150,
    "train_loss": 0.3421,
    "validation_loss": 0.3876,
    "learning_rate": 0.0002,
    "batch_size": 8,
}
RESOURCES = {
    "iteration": 145,
    "cpu_percent": 75.2,
    "ram_used_gb": 12.4,
    "ram_total_gb": 32.0,
    "gpu_percent": 89.1,
    "vram_used_gb": 18.2,
    "vram_total_gb": 24.0,
    "disk_used_gb": 245.8,
    "disk_total_gb": 1000.0,
    "network_in_mbps": 15.3,
    "network_out_mbps": 8.7,
}
STATUS = {
    "job_id": "job_1751559451590_15c0ef2a",
    "status": "running",
    "current_epoch": 2,
    "total_epochs": 3,
    "progress_percent": 65.4,
    "elapsed_time": "1h 23m 45s",
    "estimated_remaining": "~32m 15s",
    "current_step": 150,
    "total_steps": 230,
}
SUMMARY = {
    "training_mode": "manual",
    "is_completed": False,
    "current_iteration": 145,
    "current_epoch": 2,
    "current_step": 150,
    "current_train_loss": 0.3421,
    "current_val_loss": 0.3876,
    "gpu_utilization": 89.1,
    "memory_usage": {"ram_used": 12.4, "ram_total": 32.0, "vram_used": 18.2, "vram_total": 24.0},
    "elapsed_time": "1:23:45",
    "data_point": "145/230",
}
MODE = {"mode": "manual", "is_completed": False, "current_iteration": 145}
ERROR = {"detail": "Training data not available", "status_code": 503, "error_type": "UnavailableError"}


def assert_like(example: Any, actual: Any, where: str = "$") -> None:
    """Asserts that each key of the example is present with a value of its type."""
    if isinstance(example, dict):
        assert isinstance(actual, dict), where
        for key, value in example.items():
            assert key in actual, f"{where}.{key} is missing"
            assert_like(value, actual[key], f"{where}.{key}")
    elif isinstance(example, float):
        assert isinstance(actual, int | float), where
        assert not isinstance(actual, bool), where
    else:
        assert type(actual) is type(example), f"{where}: {actual!r} is no {type(example).__name__}"


@pytest.fixture
def trained(monitor_client: TestClient) -> TestClient:
    """A run in its second epoch, evaluated before the first step and after the fifth."""
    create_run(monitor_client)
    evaluate(monitor_client, "run-alpha", 0, 2.5)
    train(monitor_client, "run-alpha", 1, 5)
    evaluate(monitor_client, "run-alpha", 5, 1.5)
    train(monitor_client, "run-alpha", 6, 7)
    return monitor_client


def test_losses(trained: TestClient) -> None:
    answer = trained.get("/api/training/losses")
    assert answer.status_code == 200
    records = answer.json()
    for record in records:
        assert_like(LOSS, record)
        assert set(record) == set(LOSS)
    assert [record["iteration"] for record in records] == list(range(7))
    assert [record["step"] for record in records] == list(range(1, 8))
    assert [record["epoch"] for record in records] == [1, 1, 1, 1, 1, 2, 2]
    assert [record["validation_loss"] for record in records] == [2.5] * 5 + [1.5] * 2
    assert {record["batch_size"] for record in records} == {8}


def test_losses_last_n(trained: TestClient) -> None:
    assert [record["step"] for record in trained.get("/api/training/losses?last_n=2").json()] == [6, 7]
    train(trained, "run-alpha", 8, 40)
    assert len(trained.get("/api/training/losses").json()) == 20
    assert len(trained.get("/api/training/losses?last_n=10000").json()) == 40


@pytest.mark.parametrize("last_n", ["0", "10001", "-1", "many", ""])
@pytest.mark.parametrize("path", ["losses", "resources"])
def test_last_n_out_of_range(monitor_client: TestClient, path: str, last_n: str) -> None:
    answer = monitor_client.get(f"/api/training/{path}?last_n={last_n}")
    assert answer.status_code == 422
    assert answer.json()["error_type"] == "ValidationError"
    assert isinstance(answer.json()["detail"], str)


def test_current_loss(trained: TestClient) -> None:
    answer = trained.get("/api/training/losses/current")
    assert answer.status_code == 200
    assert_like(LOSS, answer.json())
    assert answer.json() == trained.get("/api/training/losses").json()[-1]


def test_resources(trained: TestClient) -> None:
    answer = trained.get("/api/training/resources")
    assert answer.status_code == 200
    for record in answer.json():
        assert_like(RESOURCES, record)
        assert record["gpu_available"] == bool(record["gpus"])
        for key in ("gpu_temp", "cpu_temp"):
            assert record[key] is None or isinstance(record[key], int | float)
        assert 0 < record["ram_used_gb"] <= record["ram_total_gb"]
        assert 0 < record["disk_used_gb"] <= record["disk_total_gb"]
        assert 0 <= record["cpu_percent"] <= 100


def test_current_resources(trained: TestClient) -> None:
    answer = trained.get("/api/training/resources/current")
    assert answer.status_code == 200
    assert_like(RESOURCES, answer.json())


def test_status(trained: TestClient) -> None:
    answer = trained.get("/api/training/status/run-alpha")
    assert answer.status_code == 200
    body = answer.json()
    assert_like(STATUS, body)
    assert set(body) == set(STATUS)
    assert body["current_step"] == 7
    assert body["total_steps"] == 10
    assert body["progress_percent"] == 70.0
    assert body["current_epoch"] == 2
    assert body["total_epochs"] == 2
    assert body["estimated_remaining"] == "~3s"  # three steps of one second


def test_summary(trained: TestClient) -> None:
    answer = trained.get("/api/training/summary")
    assert answer.status_code == 200
    body = answer.json()
    assert_like(SUMMARY, body)
    assert set(body["temperatures"]) == {"gpu", "cpu"}
    assert body["current_iteration"] == 6
    assert body["data_point"] == "7/10"
    assert body["current_train_loss"] == 1 / 7
    assert body["current_val_loss"] == 1.5


def test_mode(trained: TestClient) -> None:
    answer = trained.get("/api/training/mode")
    assert answer.status_code == 200
    assert answer.json() == {"mode": "manual", "is_completed": False, "current_iteration": 6}


def test_set_mode(trained: TestClient) -> None:
    answer = trained.post("/api/training/mode/automated")
    assert answer.status_code == 200
    assert answer.json() == {"message": "Training mode set to automated", "mode": "automated", "reset": True}


def test_root(trained: TestClient) -> None:
    body = trained.get("/").json()
    assert body["status"] == "running"
    assert body["training_mode"] == "manual"
    assert body["data_points"] == 7
    assert body["is_completed"] is False
    assert body["current_iteration"] == 6
    assert body["uptime_seconds"] >= 0
    assert isinstance(body["message"], str)


def test_health(monitor_client: TestClient) -> None:
    body = monitor_client.get("/api/health").json()
    assert_like(
        {
            "status": "healthy",
            "service": "",
            "version": "1.0.0",
            "dependencies": {"fastapi": ""},
            "endpoints": {"health": "/"},
        },
        body,
    )
    assert body["status"] == "healthy"
    for path in body["endpoints"].values():
        assert path.startswith("/")


@pytest.mark.parametrize("path", ["losses", "losses/current", "summary"])
def test_nothing_to_show_yet(monitor_client: TestClient, path: str) -> None:
    answer = monitor_client.get(f"/api/training/{path}")
    assert answer.status_code == 503
    assert_like(ERROR, answer.json())
    assert answer.json()["detail"] == "Training data not available"


def test_resources_need_no_training(monitor_client: TestClient) -> None:
    assert monitor_client.get("/api/training/resources/current").status_code == 200


def test_unknown_job(monitor_client: TestClient) -> None:
    answer = monitor_client.get("/api/training/status/job_0")
    assert answer.status_code == 404
    body = answer.json()
    assert body["detail"] == body["message"] == "Job not found: job_0"
    assert body["status_code"] == body["status"] == 404
    assert body["error_type"] == "NotFoundError"
    assert body["error"] == "Not Found"
    assert body["errors"] == []
    assert body["request_id"] == answer.headers["X-Request-ID"]


def test_queued_job(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db)
    body = monitor_client.get(f"/api/training/status/{job.uid}").json()
    assert_like(STATUS, body)
    assert body["status"] == "queued"
    assert body["progress_percent"] == 0.0
    assert body["current_step"] == 0
    assert body["total_epochs"] == 2


def test_unknown_mode(monitor_client: TestClient) -> None:
    answer = monitor_client.post("/api/training/mode/turbo")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Mode must be 'manual' or 'automated'"
    assert answer.json()["error_type"] == "ValidationError"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/training/nothing", 404), ("DELETE", "/", 405)])
def test_errors_of_the_framework(monitor_client: TestClient, method: str, path: str, status: int) -> None:
    answer = monitor_client.request(method, path)
    assert answer.status_code == status
    assert_like({"detail": "", "status_code": 404, "error_type": "", "message": "", "status": 404}, answer.json())


def test_the_dashboard_may_call(monitor_client: TestClient, settings: Any) -> None:
    origin = f"http://127.0.0.1:{settings.port}"
    answer = monitor_client.get("/api/training/mode", headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    foreign = monitor_client.post("/api/training/mode/manual", headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
    assert (
        "access-control-allow-origin"
        not in monitor_client.get("/", headers={"Origin": "https://elsewhere.example"}).headers
    )


def test_a_foreign_host_gets_nothing(monitor_client: TestClient) -> None:
    assert monitor_client.get("/", headers={"Host": "rebound.example"}).status_code == 403
