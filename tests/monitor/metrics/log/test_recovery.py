"""After a restart the derived state is the same: nothing of the log is lost or counted twice."""

from __future__ import annotations

from fastapi.testclient import TestClient

from monitor.app import create_app
from pegbox.settings import Settings
from tests.monitor.cast import START, create_run, evaluate, send, train


def test_state_is_rebuilt_from_the_log(settings: Settings) -> None:
    base = f"http://127.0.0.1:{settings.monitor_port}"
    with TestClient(create_app(settings), base_url=base) as client:
        create_run(client)
        train(client, "run-alpha", 1, 5)
        evaluate(client, "run-alpha", 5, 0.5)
        event = {"step": 5, "time": START, "kind": "note", "title": "x"}
        send(client, "run-alpha", {"train_loss": [0.7]}, [6], events=[event, event])
        before = client.patch("/api/runs/run-alpha", json={}).json()
        series = client.get("/api/runs/run-alpha/series").json()
    for _ in range(2):
        with TestClient(create_app(settings), base_url=base) as client:
            after = client.patch("/api/runs/run-alpha", json={}).json()
            assert after["record_count"] == before["record_count"] == 7
            assert after["summary"] == before["summary"]
            assert client.get("/api/runs/run-alpha/series").json() == series
            assert client.get("/api/training/losses/current").json()["step"] == 6
    with TestClient(create_app(settings), base_url=base) as client:
        seq = train(client, "run-alpha", 7, 7)["seq"]
        assert seq == series["last_seq"] + 1
        assert [envelope["kind"] for envelope in client.get(f"/api/runs/run-alpha/feed?after={seq - 3}").json()] == [
            "event",
            "event",
            "point",
            "status",
        ]
