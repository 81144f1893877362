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


def make_job(client: TestClient, dataset: str, **more: str) -> str:
    sent = {"name": "A job", "dataset": dataset, "model": "starter", "method": "full", **more}
    answer = client.post("/jobs/new", data=sent, headers=FORM)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/jobs/")


def test_a_job_gets_what_was_typed_and_defaults_for_the_rest(client: TestClient, dataset: str) -> None:
    uid = make_job(client, dataset, batch_size="16", epochs="2.5", learning_rate="", packing="yes")
    job = client.get(f"/api/jobs/{uid}").json()
    values = job["configuration"]["hyperparameters"]
    assert job["state"] == "queued"
    assert (values["batch_size"], values["epochs"], values["packing"]) == (16, 2.5, True)
    assert values["learning_rate"] == 0.003
    assert values["merge_adapter"] is False


def test_values_that_do_not_fit_come_back_at_their_fields(client: TestClient, dataset: str) -> None:
    sent = {"name": "A job", "dataset": dataset, "model": "starter", "method": "full", "batch_size": "many"}
    answer = client.post("/jobs/new", data=sent, headers=FORM)
    assert answer.status_code == 422
    assert 'value="many"' in answer.text
    assert 'id="e-batch_size"' in answer.text
    assert client.get("/api/jobs").json()["total"] == 0


def test_what_is_missing_is_named(client: TestClient) -> None:
    answer = client.post("/jobs/new", data={"name": ""}, headers=FORM)
    assert answer.status_code == 422
    for sentence in ("Choose a dataset.", "Choose a model.", "Give the job a name"):
        assert sentence in answer.text


def test_a_reference_that_is_gone_is_named(client: TestClient, dataset: str) -> None:
    sent = {"name": "A job", "dataset": dataset, "model": "gone/model", "method": "lora"}
    answer = client.post("/jobs/new", data=sent, headers=FORM)
    assert answer.status_code == 422
    assert "Model UID not found: gone/model" in answer.text


def test_saved_without_starting_then_started_paused_resumed_cancelled_deleted(client: TestClient, dataset: str) -> None:
    uid = make_job(client, dataset, auto_start="no")
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


def test_a_form_that_is_no_form_is_refused(client: TestClient) -> None:
    answer = client.post("/jobs/new", files={"file": ("x.bin", b"x")}, headers={"Accept": "text/html"})
    assert answer.status_code == 415


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
    for path in (f"/jobs/{uid}", "/jobs", "/", "/jobs/new?from=" + uid):
        text = client.get(path, headers=FORM).text
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text
