"""`GET /api/runs/{id}/feed?limit=`: all records page by page, for copying a run."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from tests.monitor.cast import create_run

COUNT = 6_000
"""More records than a backlog contains."""


def send(client: TestClient, sequence: int, steps: range, **more: Any) -> None:
    points = {"step": list(steps), "time": [1.0] * len(steps), "metrics": {"m": [float(step) for step in steps]}}
    batch = {"writer": "w", "sequence": sequence, "points": points, **more}
    assert client.post("/api/runs/run-alpha/batches", json=batch).status_code == 200


def pages(client: TestClient, limit: int, after: int = 0) -> list[list[dict[str, Any]]]:
    """Reads pages until one has no new records."""
    found = []
    while True:
        query = {"after": after, "limit": limit}
        *records, last = client.get("/api/runs/run-alpha/feed", params=query).json()
        assert last["kind"] in ("status", "end")
        found.append(records)
        if not records:
            return found
        after = max(record["seq"] for record in records)


def test_every_record_comes_once_however_small_the_pages(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    note = {"time": 1.0, "kind": "note", "title": "halfway"}
    send(monitor_client, 0, range(COUNT // 2), events=[note])
    send(monitor_client, 1, range(COUNT // 2, COUNT))
    for limit in (997, 5_000):
        found = pages(monitor_client, limit)
        assert all(len(page) <= limit for page in found)
        records = [record for page in found for record in page]
        assert [record["data"]["step"] for record in records if record["kind"] == "point"] == list(range(COUNT))
        assert [record["data"]["title"] for record in records if record["kind"] == "event"] == ["halfway"]
        assert [record["seq"] for record in records] == sorted(record["seq"] for record in records)
        assert "reset" not in {record["kind"] for record in records}


def test_a_rewind_is_told_where_it_happened(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(monitor_client, 0, range(10))
    send(monitor_client, 1, range(5, 8), rewind_to=4)
    rewind = {"writer": "w", "sequence": 2, "rewind_to": 6}
    assert monitor_client.post("/api/runs/run-alpha/batches", json=rewind).status_code == 200
    send(monitor_client, 3, range(7, 9))
    for limit in (1, 4, 100):
        records = [record for page in pages(monitor_client, limit) for record in page]
        steps = [record["data"]["step"] for record in records if record["kind"] == "point"]
        assert steps == [*range(10), *range(5, 8), *range(7, 9)]
        assert sum(record["kind"] == "reset" for record in records) >= 2


def test_the_end_comes_after_the_last_page(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    send(monitor_client, 0, range(10))
    monitor_client.patch("/api/runs/run-alpha", json={"status": "finished"})
    first = monitor_client.get("/api/runs/run-alpha/feed?after=0&limit=4").json()
    assert [message["kind"] for message in first] == ["point"] * 4 + ["status"]
    last = monitor_client.get(f"/api/runs/run-alpha/feed?after={first[3]['seq']}&limit=7").json()
    assert [message["kind"] for message in last] == ["point"] * 6 + ["end"]
    assert monitor_client.get("/api/runs/run-alpha/feed?after=0&limit=5001").status_code == 422
