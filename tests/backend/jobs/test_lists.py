"""Pages, filters, logs, comparison and deletion of jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.conftest import Hand

CreateJob = Callable[..., dict[str, Any]]


def test_all_jobs_unless_a_page_is_asked_for(client: TestClient, create_job: CreateJob) -> None:
    uids = [create_job(name=str(number))["uid"] for number in range(23)]
    everything = client.get("/api/jobs")
    assert [job["uid"] for job in everything.json()["jobs"]] == uids[::-1]
    assert everything.json()["limit"] == 1000
    page = client.get("/api/jobs?offset=20").json()
    assert (len(page["jobs"]), page["limit"], page["offset"], page["total"]) == (3, 20, 20, 23)
    assert [job["uid"] for job in client.get("/api/jobs?limit=2").json()["jobs"]] == uids[:-3:-1]
    array = client.get("/api/jobs?view=array&limit=1")
    assert isinstance(array.json(), list)
    assert array.headers["x-total-count"] == "23"


def test_status_filter(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    create_job(autoStart=False)
    create_job()
    create_job()
    hand.claim()
    for status, count in (("created", 1), ("queued", 1), ("pending", 2), ("running", 1), ("failed", 0)):
        found = client.get(f"/api/jobs?status={status}").json()
        assert (len(found["jobs"]), found["total"]) == (count, count), status
        assert found["current_count"] == 3
    assert client.get("/api/jobs?status=wip").status_code == 422


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "offset=-1", "limit=x", "view=tree"])
def test_bad_pages(client: TestClient, query: str) -> None:
    assert client.get(f"/api/jobs?{query}").status_code == 422


def test_unknown_jobs(client: TestClient) -> None:
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/start"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/cancel"),
        ("GET", "/logs"),
        ("GET", "/result"),
    ):
        answer = client.request(method, f"/api/jobs/job_1_none{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "Job UID not found: job_1_none"


def test_logs_apart_and_from_the_end(client: TestClient, create_job: CreateJob, home: Path) -> None:
    uid = create_job()["uid"]
    assert client.get(f"/api/jobs/{uid}/logs").text == ""
    folder = home / "jobs" / uid
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_text("".join(f"line {number}\n" for number in range(50_000)))
    (folder / "stderr.log").write_bytes("warnung: ü\n".encode() + b"\xff broken\n")
    assert client.get(f"/api/jobs/{uid}/logs?tail=2").text == "line 49998\nline 49999\n"
    answer = client.get(f"/api/jobs/{uid}/logs?stream=stderr", headers={"Accept": "application/json"})
    shown = answer.json()
    assert (shown["stream"], shown["lines"], shown["truncated"]) == ("stderr", ["warnung: ü", "\ufffd broken"], False)
    assert client.get(f"/api/jobs/{uid}/logs?tail=20000").text.count("\n") == 20_000
    whole = client.get(f"/api/jobs/{uid}/logs?tail=100000", headers={"Accept": "application/json"}).json()
    assert (len(whole["lines"]), whole["lines"][0], whole["truncated"]) == (50_000, "line 0", False)
    assert client.get(f"/api/jobs/{uid}/logs?stream=both").status_code == 422


def test_an_endless_line_costs_no_more_than_the_limit(client: TestClient, create_job: CreateJob, home: Path) -> None:
    uid = create_job()["uid"]
    folder = home / "jobs" / uid
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_bytes(b"x" * (6 * 1024 * 1024))
    answer = client.get(f"/api/jobs/{uid}/logs?tail=1", headers={"Accept": "application/json"}).json()
    assert 4 * 1024 * 1024 <= len(answer["lines"][0]) <= 5 * 1024 * 1024
    assert answer["truncated"] is True


def test_delete_takes_the_folder_along(client: TestClient, create_job: CreateJob, hand: Hand, home: Path) -> None:
    uid = create_job()["uid"]
    assert client.delete(f"/api/jobs/{uid}").status_code == 409
    hand.claim()
    hand.report("completed")
    (home / "jobs" / uid / "work").mkdir(parents=True)
    assert client.delete(f"/api/jobs/{uid}").json()["success"] is True
    assert not (home / "jobs" / uid).exists()
    assert client.get(f"/api/jobs/{uid}").status_code == 404


def test_compare(client: TestClient, monitor_client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    uids = []
    for rate, loss in ((1e-3, 0.8), (3e-3, 0.4)):
        uids.append(create_job({"learning_rate": rate})["uid"])
        claim = hand.claim()
        assert claim
        run_id = claim["job"]["run_id"]
        monitor_client.post("/api/runs", json={"id": run_id, "job_uid": hand.uid, "name": "x"}).raise_for_status()
        points = {"step": [1], "time": [1e9], "metrics": {"train_loss": [loss], "epoch": [0.5]}}
        batch = {"writer": "w", "sequence": 1, "points": points, "samples": [], "events": []}
        monitor_client.post(f"/api/runs/{run_id}/batches", json=batch).raise_for_status()
        hand.report("completed")
    answer = client.post("/api/jobs/compare", json={"job_ids": uids}).json()
    assert set(answer["metrics"]) >= {"train_loss", "epoch"}
    assert [row["metrics"]["train_loss"] for row in answer["jobs"]] == [0.8, 0.4]
    assert answer["differences"] == ["learning_rate"]
    assert answer["best"]["train_loss"] == uids[1]
    only = client.post("/api/jobs/compare", json={"job_ids": uids, "metrics": ["epoch", "absent"]}).json()
    assert only["jobs"][0]["metrics"] == {"epoch": 0.5, "absent": None}
    assert client.post("/api/jobs/compare", json={"job_ids": ["nope"]}).status_code == 404
    assert client.post("/api/jobs/compare", json={"job_ids": []}).status_code == 422


def test_statistics_of_many_jobs(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    for outcome in ("completed",) * 5 + ("failed",) * 2:
        create_job()
        hand.claim()
        hand.report(outcome)
    cancelled, paused = create_job()["uid"], create_job()["uid"]
    client.post(f"/api/jobs/{cancelled}/cancel")
    client.post(f"/api/jobs/{paused}/pause")
    found = client.get("/api/jobs/statistics").json()
    assert found["past"] == {"total": 8, "completed": 5, "failed": 2, "cancelled": 1}
    assert (found["current"]["total"], found["current"]["paused"], found["total"]) == (1, 1, 9)
    assert found["success_rate"] == "71.4%", "who is cancelled has neither succeeded nor failed"
    past, current = (client.get(f"/api/jobs/{word}").json() for word in ("past", "current"))
    assert [job["uid"] for job in past["jobs"] if job["status"] == "cancelled"] == [cancelled]
    assert [job["uid"] for job in current["jobs"]] == [paused]
    assert (past["total"], past["past_count"], past["current_count"]) == (8, 8, 1)
