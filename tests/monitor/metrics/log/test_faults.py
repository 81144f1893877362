"""Faults are reported and stay isolated: a full disk, a damaged row, a shutdown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlmodel import Session
from starlette.websockets import WebSocketDisconnect

from monitor.app import create_app
from monitor.context import Monitor
from monitor.metrics.ingest.batch_schema import decode_batch
from monitor.metrics.ingest.writer import Accepted
from monitor.metrics.log.store import LoggedBatch
from pegbox.errors import UnavailableError
from pegbox.settings import Settings
from tests.monitor.cast import START, create_run, train


@pytest.fixture
def monitor(settings: Settings) -> Iterator[tuple[TestClient, Monitor]]:
    app = create_app(settings.model_copy(update={"sample_interval_seconds": 3600}))
    with TestClient(app, base_url=f"http://127.0.0.1:{settings.monitor_port}") as client:
        yield client, app.state.monitor


def test_a_full_disk(monitor: tuple[TestClient, Monitor]) -> None:
    client, parts = monitor
    create_run(client)
    train(client, "run-alpha", 1, 3)

    def limit(pages: int) -> None:
        def operation(connection: object) -> None:
            connection.execute(text(f"PRAGMA max_page_count={pages}"))  # type: ignore[attr-defined]

        parts.writer.call(operation)

    limit(1)  # SQLite uses the current size as the minimum: no page can be added
    big = {
        "step": list(range(4, 4004)),
        "time": [START] * 4000,
        "metrics": {"train_loss": [1.0] * 4000, "y": [2.0] * 4000},
    }
    body = {"writer": "v", "sequence": 1, "points": big}
    answer = client.post("/api/runs/run-alpha/batches", json=body)
    assert answer.status_code == 503
    assert "disk is full" in answer.json()["detail"]
    assert client.get("/api/runs/run-alpha/series").json()["series"]["train_loss"]["x"] == [1, 2, 3]
    limit(2**30)
    assert client.post("/api/runs/run-alpha/batches", json=body).status_code == 200
    series = client.get("/api/runs/run-alpha/series?metrics=train_loss&cols=20000").json()["series"]["train_loss"]
    assert series["x"] == list(range(1, 4004))
    assert client.patch("/api/runs/run-alpha", json={}).json()["record_count"] == 4003


def test_a_damaged_row_hides_nothing_else(settings: Settings, db: Session, caplog: pytest.LogCaptureFixture) -> None:
    base = f"http://127.0.0.1:{settings.monitor_port}"
    with TestClient(create_app(settings), base_url=base) as client:
        create_run(client)
        for step in (1, 2, 3):
            train(client, "run-alpha", step, step)
    db.connection().execute(text("UPDATE metric_batch SET payload = x'00ff' WHERE first_seq = 2"))
    db.commit()
    with TestClient(create_app(settings), base_url=base) as client:
        assert client.get("/api/runs/run-alpha/series").json()["series"]["train_loss"]["x"] == [1, 3]
        train(client, "run-alpha", 4, 4)
        assert client.get("/api/training/losses/current").json()["step"] == 4
    assert "metric batch 2 of run run-alpha is damaged" in caplog.text


def test_a_failed_commit_is_as_if_it_never_was(monitor: tuple[TestClient, Monitor]) -> None:
    client, parts = monitor
    create_run(client)
    train(client, "run-alpha", 1, 3)
    failures = 1

    @event.listens_for(parts.engine, "commit")
    def fail(_connection: object) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("the power went")

    body = {"writer": "v", "sequence": 1, "points": {"step": [4], "time": [START], "metrics": {"train_loss": [4.0]}}}
    with pytest.raises(OSError, match="power"):
        client.post("/api/runs/run-alpha/batches", json=body)
    answers = [client.post("/api/runs/run-alpha/batches", json=body).json() for _ in range(2)]
    assert answers[0] == answers[1] == {"acknowledged": 1, "seq": 4}
    assert client.patch("/api/runs/run-alpha", json={}).json()["record_count"] == 4


def test_nobody_waits_for_a_writer_that_has_stopped(monitor: tuple[TestClient, Monitor]) -> None:
    client, parts = monitor
    create_run(client)
    batch, columns = decode_batch(b'{"writer":"w","sequence":1}')
    parts.writer.stop()
    answers: list[Accepted | BaseException] = []
    with pytest.raises(UnavailableError):
        parts.writer.append(LoggedBatch(0, "run-alpha", batch.writer, batch.sequence, None, columns), answers.append)
    with pytest.raises(UnavailableError):
        parts.writer.call(lambda connection: None)
    assert client.patch("/api/runs/run-alpha", json={}).status_code == 503


def test_a_stream_that_breaks_asks_to_come_again(
    monitor: tuple[TestClient, Monitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = monitor
    create_run(client)
    train(client, "run-alpha", 1, 1)
    with client.websocket_connect("/ws/training/run-alpha") as socket:
        assert socket.receive_json()["training"]["step"] == 1
        monkeypatch.setattr("monitor.live.topic.read_snapshot", None)
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
    assert gone.value.code == 1011
    monkeypatch.undo()
    with client.websocket_connect("/ws/training/run-alpha?after=0") as socket:
        assert socket.receive_json()["training"]["step"] == 1
