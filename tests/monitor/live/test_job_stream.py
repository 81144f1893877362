"""`/api/jobs/{id}/stream` and `/ws/jobs/{id}/stream`: all flat points in order, then the end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from starlette.websockets import WebSocketDisconnect

from monitor.live import point_stream
from monitor.live.flat_points import flat_point
from monitor.resources.sampler import Sampler
from pegbox.settings import Settings
from pegbox.store.tables import Job
from tests.monitor.cast import START, add_job, create_run, send, set_state, train

JOB = "job_1751559451590_15c0ef2a"
EXAMPLE = {"step", "loss", "lr", "gpu_util"}
"""Keys of the published example."""


def read_events(client: TestClient, uid: str, after: int | None = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Returns the points of an ended job's stream and the body of `end`."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    answer = client.get(f"/api/jobs/{uid}/stream", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    *pieces, last = answer.text.removesuffix("\n\n").split("\n\n")
    found = []
    for piece in pieces:
        id_line, data_line = piece.split("\n")
        found.append(json.loads(data_line.removeprefix("data: ")))
        assert id_line == f"id: {found[-1]['seq']}"
    end_line, data_line = last.split("\n")
    assert end_line == "event: end"
    end: dict[str, Any] = json.loads(data_line.removeprefix("data: "))
    return found, end


def read_socket(client: TestClient, address: str) -> tuple[list[dict[str, Any]], int]:
    """Returns all messages and the close code."""
    found: list[dict[str, Any]] = []
    with client.websocket_connect(address) as socket:
        try:
            while True:
                found.append(socket.receive_json())
        except WebSocketDisconnect as gone:
            return found, gone.code


def finished_job(client: TestClient, db: Session, steps: int = 5) -> str:
    job = add_job(db, JOB, state="running")
    create_run(client, job.run_id, job_uid=JOB)
    train(client, job.run_id, 1, steps)
    client.patch(f"/api/runs/{job.run_id}", json={"status": "finished"})
    set_state(db, JOB, "completed")
    return JOB


def test_a_finished_job_is_replayed_and_ends(monitor_client: TestClient, db: Session) -> None:
    found, end = read_events(monitor_client, finished_job(monitor_client, db))
    assert end == {"status": "completed"}
    assert [point["step"] for point in found] == [1, 2, 3, 4, 5]
    assert found[1] == {
        "step": 2,
        "loss": 0.5,
        "lr": 2e-4,
        "gpu_util": None,  # no resource sample is near the time of the points
        "epoch": 0.4,
        "ts": "2025-07-03T12:45:02.000Z",
        "seq": found[1]["seq"],
        "train_loss": 0.5,
        "learning_rate": 2e-4,
    }
    assert all(set(point) >= EXAMPLE for point in found)


def test_the_socket_says_the_same_and_closes(monitor_client: TestClient, db: Session) -> None:
    uid = finished_job(monitor_client, db)
    found, code = read_socket(monitor_client, f"/ws/jobs/{uid}/stream")
    assert code == 1000
    assert found == read_events(monitor_client, uid)[0]
    rest, _ = read_socket(monitor_client, f"/ws/jobs/{uid}/stream?after={found[2]['seq']}")
    assert rest == found[3:]


def test_resuming_behind_the_last_event(monitor_client: TestClient, db: Session) -> None:
    uid = finished_job(monitor_client, db)
    found, _ = read_events(monitor_client, uid)
    for index, point in enumerate(found):
        assert read_events(monitor_client, uid, point["seq"])[0] == found[index + 1 :]
    headers = {"Last-Event-ID": str(found[-1]["seq"])}
    assert "id:" not in monitor_client.get(f"/api/jobs/{uid}/stream?after=0", headers=headers).text


def test_who_is_not_there(monitor_client: TestClient) -> None:
    answer = monitor_client.get("/api/jobs/job_0/stream")
    assert (answer.status_code, answer.json()["message"]) == (404, "Job not found: job_0")
    assert monitor_client.get("/api/jobs/job_0/stream?after=-1").status_code == 422
    assert read_socket(monitor_client, "/ws/jobs/job_0/stream") == ([], 4404)


def test_a_job_that_waits_is_waited_for(monitor_client: TestClient, db: Session) -> None:
    job = add_job(db, JOB)
    with monitor_client.websocket_connect(f"/ws/jobs/{JOB}/stream") as socket:
        create_run(monitor_client, job.run_id, job_uid=JOB)
        set_state(db, JOB, "running")
        train(monitor_client, job.run_id, 1, 2)
        assert [socket.receive_json()["step"] for _ in range(2)] == [1, 2]
        # After a rewind step 2 is sent again, the steps before it are not.
        send(monitor_client, job.run_id, {"train_loss": [9.0]}, [2], rewind_to=1)
        assert socket.receive_json()["loss"] == 9.0
        monitor_client.patch(f"/api/runs/{job.run_id}", json={"status": "failed"})
        set_state(db, JOB, "failed")
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
    assert gone.value.code == 1000
    found, end = read_events(monitor_client, JOB)
    assert ([point["loss"] for point in found], end) == ([1.0, 9.0], {"status": "failed"})


def test_points_come_faster_than_one_can_watch(
    monitor_client: TestClient, db: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unlike the feed, a job stream sends every point of an import."""
    monkeypatch.setattr(point_stream, "PAGE", 100)
    job = add_job(db, JOB, state="running")
    create_run(monitor_client, job.run_id, job_uid=JOB)
    with monitor_client.websocket_connect(f"/ws/jobs/{JOB}/stream") as socket:
        for first in range(1, 2_401, 600):
            train(monitor_client, job.run_id, first, first + 599)
        assert [socket.receive_json()["step"] for _ in range(2_400)] == list(range(1, 2_401))


def test_names_of_metrics(settings: Settings, monitor_client: TestClient) -> None:
    sampler: Sampler = monitor_client.app.state.monitor.sampler  # type: ignore[attr-defined]

    def flat(**values: float | str) -> dict[str, Any]:
        return flat_point(7, {"step": 3, "time": START, "epoch": None, "values": values}, sampler)

    empty = {"loss": None, "lr": None, "gpu_util": None, "epoch": None}
    base = {"step": 3, "ts": "2025-07-03T12:45:00.000Z", "seq": 7, **empty}
    assert flat() == base
    assert flat(reward=1.0) == {**base, "reward": 1.0}
    assert flat(train_loss=0.5) == {**base, "loss": 0.5, "train_loss": 0.5}
    assert flat(loss=0.4, train_loss=0.5) == {**base, "loss": 0.4, "train_loss": 0.5}
    assert flat(loss="NaN", lr=1e-3, gpu_util=95.0) == {**base, "loss": "NaN", "lr": 1e-3, "gpu_util": 95.0}
    assert flat(seq=1.0, step=2.0, ts=3.0) == base


@pytest.mark.parametrize("key", [JOB, "job-k3f9a2"])
def test_either_name_of_a_job_does(monitor_client: TestClient, db: Session, key: str) -> None:
    uid = finished_job(monitor_client, db)
    job = db.get_one(Job, uid)
    job.id = "job-k3f9a2"
    db.add(job)
    db.commit()
    found, _ = read_events(monitor_client, key)
    assert [point["step"] for point in found] == [1, 2, 3, 4, 5]
    assert read_socket(monitor_client, f"/ws/jobs/{key}/stream") == (found, 1000)
    messages, code = read_socket(monitor_client, f"/ws/training/{key}?after=0")
    assert ([message["training"]["step"] for message in messages], code) == ([1, 2, 3, 4, 5], 1000)
    assert monitor_client.get(f"/api/training/status/{key}").json()["current_step"] == 5
