"""A small named cast: a job, its run, and the batches of a script."""

from __future__ import annotations

import itertools
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import Session

from pegbox.store.tables import Job, now

START = 1_751_546_700.0
"""2025-07-03T12:45:00Z, the time of the first record."""

_sequence = itertools.count(1)


def create_run(client: TestClient, run_id: str = "run-alpha", **body: Any) -> str:
    """Creates a run of 10 steps in 2 epochs, batch size 8."""
    body = {
        "id": run_id,
        "experiment": "digits",
        "name": "first try",
        "total_steps": 10,
        "config": {"batch_size": 8, "epochs": 2},
        **body,
    }
    answer = client.post("/api/runs", json=body)
    assert answer.status_code in (200, 201), answer.text
    return run_id


def send(
    client: TestClient, run_id: str, metrics: dict[str, list[Any]], steps: list[int], **body: Any
) -> dict[str, Any]:
    """Sends one batch with one second between records."""
    batch = {
        "writer": "w",
        "sequence": next(_sequence),
        "points": {"step": steps, "time": [START + step for step in steps], "metrics": metrics},
        **body,
    }
    answer = client.post(f"/api/runs/{run_id}/batches", json=batch)
    assert answer.status_code == 200, answer.text
    accepted: dict[str, Any] = answer.json()
    return accepted


def train(client: TestClient, run_id: str, first: int = 1, last: int = 5) -> dict[str, Any]:
    """Logs training steps as the trainer does: loss 1/step, five steps per epoch."""
    steps = list(range(first, last + 1))
    return send(
        client,
        run_id,
        {
            "train_loss": [1 / step for step in steps],
            "learning_rate": [2e-4] * len(steps),
            "epoch": [step / 5 for step in steps],
        },
        steps,
    )


def evaluate(client: TestClient, run_id: str, step: int, loss: float) -> dict[str, Any]:
    """Logs an evaluation as the trainer does."""
    return send(client, run_id, {"validation_loss": [loss], "epoch": [step / 5]}, [step])


def add_job(
    db: Session, uid: str = "job_1751559451590_15c0ef2a", *, run_id: str = "run-of-job", state: str = "queued"
) -> Job:
    """Inserts a job as the backend does."""
    job = Job(
        uid=uid,
        name="Customer Support Fine-tuning",
        run_id=run_id,
        model_id="model-abc123",
        state=state,
        max_steps=10,
        hyperparameters={"batch_size": 8, "epochs": 2},
        queued_at=now(),
    )
    db.add(job)
    db.commit()
    return job


def set_state(db: Session, uid: str, state: str) -> None:
    """Sets the state of a job as the backend does."""
    job = db.get_one(Job, uid)
    job.state = state
    db.add(job)
    db.commit()
