"""`/ws/training/{job_id}`: published messages, pushed on new points, resumable, closed when the job ends."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.monitor.cast import add_job, create_run, evaluate, send, set_state, train
from tests.monitor.training.test_training_contract import assert_like

MESSAGE = {
    "job_id": "job_123",
    "timestamp": "2025-07-03T12:45:00.000Z",
    "training_mode": "manual",
    "is_completed": False,
    "training": {
        "iteration": 145,
        "epoch": 2,
        "step": 150,
        "train_loss": 0.3421,
        "validation_loss": 0.3876,
        "learning_rate": 0.0002,
        "batch_size": 8,
    },
    "resources": {"cpu_percent": 75.2, "gpu_percent": 89.1, "ram_used_gb": 12.4, "vram_used_gb": 18.2},
    "iteration": 145,
    "total": 230,
}


def receive_until(socket: WebSocketTestSession, step: int) -> list[dict[str, Any]]:
    messages = [socket.receive_json()]
    while messages[-1]["training"]["step"] != step:
        messages.append(socket.receive_json())
    return messages


def test_a_message_looks_as_published(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    evaluate(monitor_client, "run-alpha", 0, 2.5)
    with monitor_client.websocket_connect("/ws/training/run-alpha") as socket:
        train(monitor_client, "run-alpha", 1, 1)
        message = socket.receive_json()
    assert_like(MESSAGE, message)
    assert message["resources"]["gpu_temp"] is None or isinstance(message["resources"]["gpu_temp"], float)
    assert message["job_id"] == "run-alpha"
    assert message["timestamp"] == "2025-07-03T12:45:01.000Z"
    assert message["total"] == 10
    assert message["status"] == "running"
    assert message["metrics"] == {"train_loss": 1.0, "learning_rate": 2e-4, "epoch": 0.2}


def test_messages_equal_what_rest_says(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    evaluate(monitor_client, "run-alpha", 0, 2.5)
    with monitor_client.websocket_connect("/ws/training/run-alpha?after=0") as socket:
        train(monitor_client, "run-alpha", 1, 3)
        messages = receive_until(socket, 3)
        evaluate(monitor_client, "run-alpha", 3, 1.25)
        train(monitor_client, "run-alpha", 4, 6)
        messages += receive_until(socket, 6)
    by_step = {record["step"]: record for record in monitor_client.get("/api/training/losses").json()}
    assert [message["training"]["step"] for message in messages] == [1, 2, 3, 4, 5, 6]
    for message in messages:
        assert message["training"] == by_step[message["training"]["step"]]
        assert message["iteration"] == message["training"]["iteration"]
    with monitor_client.websocket_connect("/ws/training/run-alpha?after=0") as socket:
        replayed = receive_until(socket, 6)
    assert [message["training"] for message in replayed] == [message["training"] for message in messages]
    assert [message["seq"] for message in replayed] == [message["seq"] for message in messages]


def test_a_new_viewer_sees_the_newest_point_at_once(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 5)
    with monitor_client.websocket_connect("/ws/training/run-alpha") as socket:
        assert socket.receive_json()["training"]["step"] == 5


def test_resume_neither_loses_nor_repeats(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    seen: list[dict[str, Any]] = []
    for first in range(1, 60, 3):
        after = seen[-1]["seq"] if seen else 0
        with monitor_client.websocket_connect(f"/ws/training/run-alpha?after={after}") as socket:
            train(monitor_client, "run-alpha", first, first)
            seen += receive_until(socket, first)
        train(monitor_client, "run-alpha", first + 1, first + 2)  # while no client is connected
    with monitor_client.websocket_connect(f"/ws/training/run-alpha?after={seen[-1]['seq']}") as socket:
        seen += receive_until(socket, 60)
    assert [message["training"]["step"] for message in seen] == list(range(1, 61))
    assert [message["iteration"] for message in seen] == list(range(60))


def test_unknown_job(monitor_client: TestClient) -> None:
    with monitor_client.websocket_connect("/ws/training/job_0") as socket, pytest.raises(WebSocketDisconnect) as gone:
        socket.receive_json()
    assert gone.value.code == 4404


def test_a_bad_cursor_is_refused(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with (
        pytest.raises(WebSocketDisconnect),
        monitor_client.websocket_connect("/ws/training/run-alpha?after=-1") as socket,
    ):
        socket.receive_json()


def test_a_queued_job_is_waited_for(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db)
    with monitor_client.websocket_connect(f"/ws/training/{job.uid}") as socket:
        set_state(db, job.uid, "running")
        create_run(monitor_client, job.run_id, job_uid=job.uid)
        train(monitor_client, job.run_id, 1, 1)
        message = socket.receive_json()
        assert message["job_id"] == job.uid
        assert message["training"]["step"] == 1
        assert message["training"]["batch_size"] == 8
        assert message["total"] == 10
        monitor_client.patch(f"/api/runs/{job.run_id}", json={"status": "finished"})
        set_state(db, job.uid, "completed")
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
    assert gone.value.code == 1000


def test_the_end_waits_for_the_last_points(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db, state="running")
    create_run(monitor_client, job.run_id, job_uid=job.uid)
    with monitor_client.websocket_connect(f"/ws/training/{job.uid}?after=0") as socket:
        train(monitor_client, job.run_id, 1, 9)
        set_state(db, job.uid, "completed")
        train(monitor_client, job.run_id, 10, 10)
        monitor_client.patch(f"/api/runs/{job.run_id}", json={"status": "finished"})
        messages = receive_until(socket, 10)
        assert len(messages) == 10
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
    assert gone.value.code == 1000


def test_a_finished_run_is_replayed_and_closed(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 3)
    monitor_client.patch("/api/runs/run-alpha", json={"status": "finished"})
    with monitor_client.websocket_connect("/ws/training/run-alpha?after=0") as socket:
        messages = receive_until(socket, 3)
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
    assert gone.value.code == 1000
    assert len(messages) == 3
    assert all(message["is_completed"] for message in messages)
    assert messages[-1]["status"] == "completed"


def test_after_a_rewind_the_curve_goes_on(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/training/run-alpha?after=0") as socket:
        train(monitor_client, "run-alpha", 1, 6)
        receive_until(socket, 6)
        send(monitor_client, "run-alpha", {"train_loss": [0.5, 0.4]}, [5, 6], rewind_to=4)
        messages = receive_until(socket, 6)
    assert [(message["iteration"], message["training"]["step"]) for message in messages] == [(4, 5), (5, 6)]
    records = monitor_client.get("/api/training/losses").json()
    assert [(record["iteration"], record["step"]) for record in records] == [(index, index + 1) for index in range(6)]
    assert [record["train_loss"] for record in records[-2:]] == [0.5, 0.4]


def test_a_loss_that_is_no_number(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/training/run-alpha?after=0") as socket:
        send(monitor_client, "run-alpha", {"train_loss": ["NaN"], "grad_norm": ["Infinity"]}, [1])
        message = socket.receive_json()
    assert message["training"]["train_loss"] is None
    assert message["metrics"] == {"train_loss": "NaN", "grad_norm": "Infinity"}
    assert monitor_client.get("/api/training/losses/current").json()["train_loss"] is None
