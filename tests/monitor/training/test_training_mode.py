"""A mode switch changes the focus and empties the window, survives a restart, and does not affect trainings."""

from __future__ import annotations

from fastapi.testclient import TestClient
from sqlmodel import Session

from monitor.app import create_app
from pegbox.settings import Settings
from tests.monitor.cast import add_job, create_run, set_state, train


def test_a_switch_empties_the_window(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 5)
    assert monitor_client.post("/api/training/mode/manual").json()["reset"] is True
    assert monitor_client.get("/api/training/losses").status_code == 503
    assert monitor_client.get("/api/training/summary").status_code == 503
    assert monitor_client.get("/api/training/mode").json() == {
        "mode": "manual",
        "is_completed": False,
        "current_iteration": 0,
    }
    assert monitor_client.get("/").json()["data_points"] == 0
    train(monitor_client, "run-alpha", 6, 7)
    records = monitor_client.get("/api/training/losses").json()
    assert [(record["iteration"], record["step"]) for record in records] == [(5, 6), (6, 7)]


def test_a_switch_never_touches_the_run(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 5)
    monitor_client.post("/api/training/mode/automated")
    run = monitor_client.get("/api/runs/run-alpha").json()
    assert run["status"] == "running"
    assert monitor_client.get("/api/training/status/run-alpha").json()["current_step"] == 5
    series = monitor_client.get("/api/runs/run-alpha/series?metrics=train_loss").json()["series"]
    assert series["train_loss"]["x"] == [1, 2, 3, 4, 5]


def test_resources_before_the_switch_are_gone(settings: Settings) -> None:
    once = settings.model_copy(update={"sample_interval_seconds": 3600})
    with TestClient(create_app(once), base_url=f"http://127.0.0.1:{settings.monitor_port}") as client:
        assert len(client.get("/api/training/resources").json()) == 1
        client.post("/api/training/mode/manual")
        for path in ("resources", "resources/current"):
            answer = client.get(f"/api/training/{path}")
            assert answer.status_code == 503
            assert answer.json()["detail"] == "Resource data not available"


def test_automated_looks_at_studies_only(monitor_client: TestClient) -> None:
    monitor_client.post("/api/training/mode/automated")
    create_run(monitor_client, "run-single")
    train(monitor_client, "run-single", 1, 3)
    assert monitor_client.get("/api/training/losses").status_code == 503
    create_run(monitor_client, "run-trial", tags=["study:study-1a2b3c"])
    train(monitor_client, "run-trial", 1, 4)
    assert len(monitor_client.get("/api/training/losses").json()) == 4
    monitor_client.post("/api/training/mode/manual")
    train(monitor_client, "run-single", 4, 4)
    assert [record["step"] for record in monitor_client.get("/api/training/losses").json()] == [4]


def test_the_mode_survives_a_restart(settings: Settings) -> None:
    base = f"http://127.0.0.1:{settings.monitor_port}"
    with TestClient(create_app(settings), base_url=base) as client:
        create_run(client)
        train(client, "run-alpha", 1, 5)
        client.post("/api/training/mode/automated")
        client.post("/api/training/mode/manual")
    with TestClient(create_app(settings), base_url=base) as client:
        assert client.get("/api/training/losses").status_code == 503
        train(client, "run-alpha", 6, 6)
        assert [record["step"] for record in client.get("/api/training/losses").json()] == [6]


def test_focus_prefers_what_runs(monitor_client: TestClient, db: Session) -> None:
    create_run(monitor_client, "run-old")
    train(monitor_client, "run-old", 1, 3)
    job = add_job(db, run_id="run-of-job", state="running")
    create_run(monitor_client, "run-of-job", job_uid=job.uid)
    train(monitor_client, "run-of-job", 1, 6)
    assert monitor_client.get("/api/training/summary").json()["job_id"] == job.uid
    set_state(db, job.uid, "completed")
    assert monitor_client.get("/api/training/summary").json()["job_id"] == "run-old"
    monitor_client.patch("/api/runs/run-old", json={"status": "finished"})
    summary = monitor_client.get("/api/training/summary").json()
    assert summary["job_id"] == job.uid
    assert summary["is_completed"] is True
