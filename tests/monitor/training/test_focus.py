"""Which run the Training Monitor API focuses on."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlmodel import Session

from pegbox.store.tables import Run, now
from tests.monitor.cast import add_job, create_run, train


def loss_seen(client: TestClient) -> float:
    answer = client.get("/api/training/losses/current")
    assert answer.status_code == 200, answer.text
    return float(answer.json()["train_loss"])


def silence(db: Session, run_id: str) -> None:
    """Sets the last update of a run to an hour ago."""
    run = db.get_one(Run, run_id)
    run.updated_at = now() - timedelta(hours=1)
    db.add(run)
    db.commit()


def test_a_script_that_fell_silent_does_not_hide_a_job(db: Session, monitor_client: TestClient) -> None:
    job = add_job(db, state="running")
    create_run(monitor_client, "run-of-job", job_uid=job.uid)
    train(monitor_client, "run-of-job", last=2)
    create_run(monitor_client, "run-of-script")
    train(monitor_client, "run-of-script", last=4)
    assert loss_seen(monitor_client) == 0.25
    monitor_client.patch("/api/runs/run-of-script", json={})  # later writes would update `updated_at`
    silence(db, "run-of-script")
    silence(db, "run-of-job")
    assert loss_seen(monitor_client) == 0.5
