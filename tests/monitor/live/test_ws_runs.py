"""`/ws/runs/{id}` and long polling: envelopes, cursors, resets, the end."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from monitor.live import backlog
from tests.monitor.cast import START, add_job, create_run, send, set_state, train

STORED = ("point", "event", "samples")


def next_of(socket: WebSocketTestSession, *kinds: str) -> dict[str, Any]:
    while True:
        envelope: dict[str, Any] = socket.receive_json()
        assert set(envelope) == {"seq", "kind", "data"}
        if envelope["kind"] in kinds:
            return envelope


def poll(client: TestClient, run_id: str, after: int | None = None, wait: float = 0) -> list[dict[str, Any]]:
    query = f"wait={wait}" + ("" if after is None else f"&after={after}")
    answer = client.get(f"/api/runs/{run_id}/feed?{query}")
    assert answer.status_code == 200, answer.text
    envelopes: list[dict[str, Any]] = answer.json()
    return envelopes


def test_everything_of_a_run_in_order(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/runs/run-alpha?after=0") as socket:
        status = next_of(socket, "status")
        assert status["data"]["state"] == "running"
        assert set(status["data"]) == {"state", "progress_percent", "step", "total_steps", "eta_seconds", "phase"}
        send(
            monitor_client,
            "run-alpha",
            {"train_loss": [0.5], "epoch": [0.2]},
            [1],
            samples=[
                {
                    "step": 1,
                    "time": START,
                    "name": "validation",
                    "rows": [{"prompt": "p", "expected": "e", "answer": "a"}],
                }
            ],
            events=[{"step": 1, "time": START, "kind": "phase", "title": "train"}],
        )
        point, samples, event = (next_of(socket, *STORED) for _ in range(3))
    assert point["kind"] == "point"
    assert point["data"] == {"step": 1, "time": START + 1, "epoch": 0.2, "values": {"train_loss": 0.5, "epoch": 0.2}}
    assert samples["data"]["rows"] == [{"prompt": "p", "expected": "e", "answer": "a"}]
    assert event["data"] == {"step": 1, "time": START, "kind": "phase", "title": "train", "detail": "", "level": None}
    assert samples["seq"] == point["seq"] + 1
    assert event["seq"] == point["seq"] + 2
    replayed = [envelope for envelope in poll(monitor_client, "run-alpha", 0) if envelope["kind"] in STORED]
    assert replayed == [point, samples, event]


def test_points_equal_in_stream_and_replay(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/runs/run-alpha") as socket:
        next_of(socket, "status")  # the viewer is registered now; without a cursor it gets later messages only
        train(monitor_client, "run-alpha", 1, 5)
        send(monitor_client, "run-alpha", {"a": [None, "NaN", 1.5], "b": [1, 2, None]}, [6, 7, 8])
        live = [next_of(socket, "point") for _ in range(8)]
    assert [envelope for envelope in poll(monitor_client, "run-alpha", 0) if envelope["kind"] == "point"] == live
    assert [envelope["data"]["values"] for envelope in live[5:]] == [{"b": 1.0}, {"a": "NaN", "b": 2.0}, {"a": 1.5}]


def test_a_rewind_resets_viewers(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 5)
    with monitor_client.websocket_connect("/ws/runs/run-alpha") as socket:
        next_of(socket, "status")
        send(monitor_client, "run-alpha", {"train_loss": [9.0]}, [4], rewind_to=3)
        reset = next_of(socket, "reset", "point")
        point = next_of(socket, "reset", "point")
    assert reset["kind"] == "reset"
    assert point["seq"] == reset["seq"] + 1
    # A viewer that was disconnected during the rewind gets a reset; a new viewer gets only points that are not rewound.
    assert poll(monitor_client, "run-alpha", 2)[0]["kind"] == "reset"
    replayed = [
        envelope["data"]["step"] for envelope in poll(monitor_client, "run-alpha", 0) if envelope["kind"] == "point"
    ]
    assert replayed == [1, 2, 3, 4]
    series = monitor_client.get("/api/runs/run-alpha/series?metrics=train_loss").json()
    assert series["series"]["train_loss"]["x"] == [1, 2, 3, 4]
    assert poll(monitor_client, "run-alpha", series["last_seq"])[0]["kind"] == "status"


def test_who_is_far_behind_reads_the_series(monitor_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_RECORDS", 10)
    create_run(monitor_client)
    last = train(monitor_client, "run-alpha", 1, 12)["seq"]
    assert poll(monitor_client, "run-alpha", 0)[0] == {"seq": last, "kind": "reset", "data": {}}
    assert [envelope["kind"] for envelope in poll(monitor_client, "run-alpha", last - 2)] == [
        "point",
        "point",
        "status",
    ]


def test_an_import_arrives_as_reset(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/runs/run-alpha") as socket:
        next_of(socket, "status")
        last = train(monitor_client, "run-alpha", 1, 1000)["seq"]
        assert next_of(socket, "reset", "point") == {"seq": last, "kind": "reset", "data": {}}


def test_the_feed_waits_for_news(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db)
    first = poll(monitor_client, job.uid)
    assert [envelope["kind"] for envelope in first] == ["status"]
    assert first[0]["data"]["state"] == "queued"
    set_state(db, job.uid, "running")
    news = poll(monitor_client, job.uid, first[0]["seq"], wait=20)
    assert any(envelope["data"].get("state") == "running" for envelope in news)


def test_the_end(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 2)
    with monitor_client.websocket_connect("/ws/runs/run-alpha?after=0") as socket:
        monitor_client.patch("/api/runs/run-alpha", json={"status": "failed"})
        end = next_of(socket, "end")
        assert end["data"] == {"state": "failed"}
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
    assert gone.value.code == 1000
    assert poll(monitor_client, "run-alpha", end["seq"]) == [end]


def test_unknown_run(monitor_client: TestClient) -> None:
    with monitor_client.websocket_connect("/ws/runs/nothing") as socket, pytest.raises(WebSocketDisconnect) as gone:
        socket.receive_json()
    assert gone.value.code == 4404
    assert monitor_client.get("/api/runs/nothing/feed").status_code == 404


def test_resources_come_along(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    with monitor_client.websocket_connect("/ws/runs/run-alpha") as socket:
        data = next_of(socket, "resource")["data"]
    assert 0 <= data["cpu_percent"] <= 100
    assert data["gpu_available"] == bool(data["gpus"])
