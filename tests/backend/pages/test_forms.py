"""Forms as plain posts: what they make, and how they come back when something does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pegbox.sample import SAMPLE_CSV

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture
def client(backend_client: TestClient) -> TestClient:
    backend_client.follow_redirects = False
    return backend_client


@pytest.fixture
def dataset(client: TestClient) -> str:
    with SAMPLE_CSV.open("rb") as file:
        answer = client.post("/datasets", data={"name": "Sample"}, files={"file": ("sample.csv", file)})
    assert answer.status_code == 303
    return answer.headers["location"].removeprefix("/datasets/")


def make_job(client: TestClient, dataset: str, *, go: str = "start", name: str = "A job") -> str:
    client.get(f"/jobs/new?dataset={dataset}")
    answer = client.post("/jobs/new/review", data={"name": name, "go": go}, headers=FORM)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/jobs/")


def test_saved_without_starting_then_started_paused_resumed_cancelled_deleted(client: TestClient, dataset: str) -> None:
    uid = make_job(client, dataset, go="save")
    states = [client.get(f"/api/jobs/{uid}").json()["state"]]
    for verb in ("start", "pause", "resume", "cancel"):
        answer = client.post(f"/jobs/{uid}/{verb}", headers=FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{uid}")
        states.append(client.get(f"/api/jobs/{uid}").json()["state"])
    assert states == ["created", "queued", "paused", "queued", "cancelled"]
    refused = client.post(f"/jobs/{uid}/pause", headers=FORM)
    assert refused.status_code == 409
    assert "A job that is cancelled cannot be paused" in refused.text
    assert client.post(f"/jobs/{uid}/delete", headers=FORM).headers["location"] == "/jobs"
    assert client.get(f"/api/jobs/{uid}").status_code == 404


def test_a_csv_without_the_columns_comes_back_with_the_reason(client: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "sums.csv"
    file.write_text("question,answer\n1+1,2\n")
    with file.open("rb") as stream:
        answer = client.post("/datasets", data={"name": "Sums"}, files={"file": ("sums.csv", stream)})
    assert answer.status_code == 400
    assert "Missing required &#39;input&#39; column" in answer.text
    with file.open("rb") as stream:
        fields = {"name": "Sums", "input": "question", "output": "answer"}
        assert client.post("/datasets", data=fields, files={"file": ("sums.csv", stream)}).status_code == 303


def test_a_dataset_pages_through_its_rows_and_goes(client: TestClient, dataset: str) -> None:
    first = client.get(f"/datasets/{dataset}", headers=FORM).text
    assert "1 to 50 of 1\u202f160" in first
    assert 'href="?offset=50"' in first
    last = client.get(f"/datasets/{dataset}?offset=1150", headers=FORM).text
    assert "1\u202f151 to 1\u202f160" in last
    assert client.post(f"/datasets/{dataset}/delete", headers=FORM).status_code == 303
    assert client.get(f"/datasets/{dataset}", headers=FORM).status_code == 404


def test_models_are_added_and_removed(client: TestClient) -> None:
    assert client.post("/models", data={"id": "acme/tiny"}, headers=FORM).status_code == 303
    assert "acme/tiny" in client.get("/models?q=tiny", headers=FORM).text
    again = client.post("/models", data={"id": "acme/tiny"}, headers=FORM)
    assert again.status_code == 409
    assert "already exists" in again.text
    assert client.post("/models/remove", data={"id": "acme/tiny"}, headers=FORM).status_code == 303
    assert client.post("/models/remove", data={"id": "acme/tiny"}, headers=FORM).status_code == 404
    assert client.post("/models", data={"id": "<script>"}, headers=FORM).status_code == 422


def test_names_are_shown_as_text(client: TestClient, dataset: str) -> None:
    uid = make_job(client, dataset, name="<img src=x onerror=alert(1)>")
    assert client.get("/jobs/new?from=" + uid).status_code == 303
    for path in (f"/jobs/{uid}", "/jobs", "/", "/jobs/new/review"):
        text = client.get(path, headers=FORM).text
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_an_archived_job_leaves_the_list_and_comes_back(client: TestClient, dataset: str) -> None:
    first, second = make_job(client, dataset, go="save", name="Old one"), make_job(client, dataset, name="New one")
    sent = {"runs": [first, second]}  # the second waits in the queue and stays
    assert client.post("/jobs/selected/archive", data=sent, headers=FORM).headers["location"] == "/jobs"
    shown = client.get("/jobs", headers=FORM).text
    assert "New one" in shown
    assert "Old one" not in shown
    hidden = client.get("/jobs?state=archived", headers=FORM).text
    assert "Old one" in hidden
    assert "New one" not in hidden
    assert client.get("/api/jobs").json()["total"] == 2
    assert client.get(f"/api/jobs/{first}").json()["archived_at"]
    assert client.post(f"/api/jobs/{first}/start").status_code == 409
    refused = client.post(f"/api/jobs/{second}/archive")
    assert refused.status_code == 409
    assert "only a job that has ended or never started" in refused.json()["detail"]
    assert client.post(f"/jobs/{first}/restore", headers=FORM).headers["location"] == f"/jobs/{first}"
    assert "Old one" in client.get("/jobs", headers=FORM).text
    assert client.get(f"/api/jobs/{first}").json()["archived_at"] is None
    client.post(f"/jobs/{first}/archive", headers=FORM)
    client.post("/jobs/selected/restore", data={"runs": [first]}, headers=FORM)
    assert client.post(f"/api/jobs/{first}/start").status_code == 200
