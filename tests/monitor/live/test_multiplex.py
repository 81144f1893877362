"""`/ws/live`: many runs through one socket; `/ws/runs/{id}?frames=array`: many messages in one frame."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from monitor.live import multiplex
from tests.monitor.cast import add_job, create_run, train


def next_of(socket: WebSocketTestSession, run: str, *kinds: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = socket.receive_json()
        assert set(message) == {"run", "seq", "kind", "data"}, message
        if message["run"] == run and message["kind"] in kinds:
            return message


def next_error(socket: WebSocketTestSession) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = socket.receive_json()
        if "error" in message:
            return message


def test_two_runs_through_one_socket(monitor_client: TestClient) -> None:
    for run in ("run-alpha", "run-beta"):
        create_run(monitor_client, run)
    train(monitor_client, "run-alpha", 1, 2)
    with monitor_client.websocket_connect("/ws/live") as socket:
        socket.send_json({"subscribe": "run-alpha", "after": 0})
        assert [next_of(socket, "run-alpha", "point")["data"]["step"] for _ in range(2)] == [1, 2]
        next_of(socket, "run-alpha", "status")
        socket.send_json({"subscribe": "run-beta"})
        next_of(socket, "run-beta", "status")
        train(monitor_client, "run-beta", 1, 1)
        assert next_of(socket, "run-beta", "point")["data"]["step"] == 1
        train(monitor_client, "run-alpha", 3, 3)
        assert next_of(socket, "run-alpha", "point")["data"]["step"] == 3
        monitor_client.patch("/api/runs/run-alpha", json={"status": "finished"})
        assert next_of(socket, "run-alpha", "end")["data"] == {"state": "completed"}
        train(monitor_client, "run-beta", 2, 2)  # the other subscription continues
        assert next_of(socket, "run-beta", "point")["data"]["step"] == 2


def test_after_unsubscribing_nothing_of_the_run_comes(monitor_client: TestClient) -> None:
    for run in ("run-alpha", "run-beta"):
        create_run(monitor_client, run)
    with monitor_client.websocket_connect("/ws/live") as socket:
        for run in ("run-alpha", "run-beta"):
            socket.send_json({"subscribe": run})
            next_of(socket, run, "status")
        socket.send_json({"unsubscribe": "run-alpha"})
        socket.send_json({})
        next_error(socket)  # requests are handled in order, so the earlier request is done
        train(monitor_client, "run-alpha", 1, 1)
        train(monitor_client, "run-beta", 1, 1)
        message = socket.receive_json()
        while message["run"] != "run-beta" or message["kind"] != "point":
            assert message["run"] == "run-beta"
            message = socket.receive_json()


def test_subscribing_again_goes_on_from_the_new_cursor(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    last = train(monitor_client, "run-alpha", 1, 3)["seq"]
    with monitor_client.websocket_connect("/ws/live") as socket:
        socket.send_json({"subscribe": "run-alpha"})
        next_of(socket, "run-alpha", "status")
        socket.send_json({"subscribe": "run-alpha", "after": last - 1})
        assert next_of(socket, "run-alpha", "point")["seq"] == last


def test_a_job_is_called_what_the_client_called_it(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db)
    create_run(monitor_client, job.run_id, job_uid=job.uid)
    with monitor_client.websocket_connect("/ws/live") as socket:
        socket.send_json({"subscribe": job.uid})
        next_of(socket, job.uid, "status")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "no json",
        "{}",
        '{"subscribe": 1}',
        '{"subscribe": "a", "unsubscribe": "b"}',
        '{"subscribe": "a", "after": -1}',
        '{"subscribe": "a", "more": 1}',
        '{"subscribe": "' + "x" * 5000 + '"}',
    ],
)
def test_a_malformed_message_is_answered_and_the_socket_stays(monitor_client: TestClient, text: str) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/live") as socket:
        socket.send_text(text)
        assert set(socket.receive_json()) == {"error"}
        socket.send_bytes(b"{}")
        assert set(socket.receive_json()) == {"error"}
        socket.send_json({"subscribe": "run-alpha"})
        next_of(socket, "run-alpha", "status")


def test_unknown_and_too_many_runs(monitor_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplex, "MAX_SUBSCRIPTIONS", 1)
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/live") as socket:
        socket.send_json({"subscribe": "nothing"})
        assert socket.receive_json() == {"run": "nothing", "error": "Unknown job or run"}
        socket.send_json({"subscribe": "run-alpha"})
        next_of(socket, "run-alpha", "status")
        socket.send_json({"subscribe": "another"})
        assert next_error(socket) == {"run": "another", "error": "At most 1 runs for one socket"}


def test_frames_of_many_messages(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 3)
    with monitor_client.websocket_connect("/ws/runs/run-alpha?after=0&frames=array") as socket:
        assert [each["data"]["step"] for each in socket.receive_json()] == [1, 2, 3]
        assert [each["kind"] for each in socket.receive_json()] == ["status"]
        train(monitor_client, "run-alpha", 4, 6)
        frame = socket.receive_json()
        while frame[0]["kind"] != "point":
            frame = socket.receive_json()
        assert [each["data"]["step"] for each in frame if each["kind"] == "point"] == [4, 5, 6]
    with (
        pytest.raises(WebSocketDisconnect),
        monitor_client.websocket_connect("/ws/runs/run-alpha?frames=other") as socket,
    ):
        socket.receive_json()
