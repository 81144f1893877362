"""`/api/runs`: create, resume, update, list."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from pegbox.store.tables import Run
from tests.monitor.cast import add_job, create_run, set_state, train

RUN: dict[str, Any] = {
    "id": "run-alpha",
    "job_uid": None,
    "experiment": "digits",
    "name": "first try",
    "status": "running",
    "tags": [],
    "config": {"batch_size": 8, "epochs": 2},
    "summary": {},
    "total_steps": 10,
    "last_step": None,
    "record_count": 0,
    "finished_at": None,
}


def test_a_new_run(monitor_client: TestClient) -> None:
    body: dict[str, Any] = {key: RUN[key] for key in ("id", "experiment", "name", "config", "total_steps")}
    answer = monitor_client.post("/api/runs", json=body)
    assert answer.status_code == 201
    run = answer.json()
    assert {key: run[key] for key in RUN} == RUN
    assert run["created_at"].endswith("Z")
    assert monitor_client.get("/api/runs/run-alpha").json() == run


def test_an_id_is_given_to_who_brings_none(monitor_client: TestClient) -> None:
    first, second = (monitor_client.post("/api/runs", json={}).json() for _ in range(2))
    assert first["id"] != second["id"]
    assert first["experiment"] == second["experiment"] == "default"


def test_resume(monitor_client: TestClient) -> None:
    create_run(monitor_client, tags=["a"])
    monitor_client.patch("/api/runs/run-alpha", json={"status": "failed"})
    again = monitor_client.post(
        "/api/runs", json={"id": "run-alpha", "config": {"lr": 0.1}, "tags": ["b"], "resume": "must"}
    )
    assert again.status_code == 200
    run = again.json()
    assert run["status"] == "running"
    assert run["finished_at"] is None
    assert run["config"] == {"batch_size": 8, "epochs": 2, "lr": 0.1}
    assert run["tags"] == ["a", "b"]
    assert run["total_steps"] == 10
    assert monitor_client.post("/api/runs", json={"id": "run-alpha", "resume": "never"}).status_code == 409
    assert monitor_client.post("/api/runs", json={"id": "run-beta", "resume": "must"}).status_code == 404


def test_a_job_uid_is_no_run_id(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-alpha", job_uid="job_1")
    other = monitor_client.post("/api/runs", json={"id": "job_1"})
    assert other.status_code == 201
    assert other.json()["id"] == "job_1"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "a/b"},
        {"id": ""},
        {"id": "x" * 65},
        {"experiment": ""},
        {"tags": "one"},
        {"total_steps": -1},
        {"resume": "maybe"},
        {"config": []},
    ],
)
def test_a_body_that_does_not_fit(monitor_client: TestClient, body: dict[str, Any]) -> None:
    answer = monitor_client.post("/api/runs", json=body)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)
    assert answer.json()["errors"]


def test_changes_are_merged(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 3)
    run = monitor_client.patch(
        "/api/runs/run-alpha",
        json={"status": "finished", "total_steps": 3, "config": {"seed": 1}, "summary": {"score": 0.9}},
    ).json()
    assert run["status"] == "finished"
    assert run["finished_at"] is not None
    assert run["total_steps"] == 3
    assert run["config"] == {"batch_size": 8, "epochs": 2, "seed": 1}
    assert run["summary"]["score"] == 0.9
    assert run["summary"]["train_loss"] == pytest.approx(1 / 3)
    assert run["last_step"] == 3
    assert monitor_client.patch("/api/runs/nothing", json={}).status_code == 404


def test_newest_first_and_filtered(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-one", job_uid="job_1")
    create_run(monitor_client, "run-two")
    create_run(monitor_client, "run-three", job_uid="job_1")
    monitor_client.patch("/api/runs/run-one", json={"status": "finished"})

    def ids(query: str) -> list[str]:
        return [run["id"] for run in monitor_client.get(f"/api/runs?{query}").json()]

    assert ids("") == ["run-three", "run-two", "run-one"]
    assert ids("limit=2") == ["run-three", "run-two"]
    assert ids("job_uid=job_1") == ["run-three", "run-one"]
    assert ids("status=finished") == ["run-one"]
    assert ids("job_uid=job_2") == []


def test_a_killed_trainers_run_follows_its_job(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db, state="running")
    create_run(monitor_client, job.run_id, job_uid=job.uid)
    for state, status in (("running", "running"), ("paused", "paused"), ("failed", "failed")):
        set_state(db, job.uid, state)
        assert monitor_client.get(f"/api/runs/{job.run_id}").json()["status"] == status


def test_elapsed_time_leaves_pauses_out(monitor_client: TestClient, db: Session) -> None:
    create_run(monitor_client)
    monitor_client.patch("/api/runs/run-alpha", json={"status": "paused"})
    db.expire_all()
    run = db.get_one(Run, "run-alpha")
    assert run.active_since is None
    run.active_seconds = 3725.0
    db.add(run)
    db.commit()
    assert monitor_client.get("/api/training/status/run-alpha").json()["elapsed_time"] == "1h 2m 5s"
    monitor_client.post("/api/runs", json={"id": "run-alpha"})
    monitor_client.patch("/api/runs/run-alpha", json={"status": "finished"})
    db.expire_all()
    run = db.get_one(Run, "run-alpha")
    assert 3725.0 <= run.active_seconds < 3785.0
