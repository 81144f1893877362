"""The wizard over plain posts: the draft it keeps, the job it makes, and what comes back when something does not fit."""

from __future__ import annotations

import html
import json
import re
from typing import Any

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
    key = answer.headers["location"].removeprefix("/datasets/")
    uid: str = client.get(f"/api/datasets/{key}").json()["uid"]
    return uid


def send(client: TestClient, step: str, go: str, **fields: str) -> Any:
    return client.post(f"/jobs/new/{step}", data={"go": go, **fields}, headers=FORM)


def state_of(text: str) -> dict[str, Any]:
    found = re.search(r'data-state="(\{.*?\})"', text)
    assert found
    state: dict[str, Any] = json.loads(html.unescape(found[1]))
    return state


def test_each_step_leads_on_and_the_draft_is_in_the_session(client: TestClient, dataset: str) -> None:
    first = client.get(f"/jobs/new?dataset={dataset}", headers=FORM)
    assert (first.status_code, first.headers["location"]) == (303, "/jobs/new/model")
    for step, following, fields in (
        ("data", "model", {"dataset": dataset, "validation_split": "0.2", "max_length": "1024"}),
        ("model", "method", {"model": "starter"}),
        ("method", "resources", {"method": "full", "epochs": "2.5", "learning_rate": "0.003"}),
        ("resources", "review", {"batch_size": "16", "eval_steps": "50"}),
    ):
        answer = send(client, step, following, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/new/{following}")
    session = client.get("/api/metadata").json()
    assert session["finetuningSession"]["status"] == "hyperparameters_configured"
    assert (session["dataset"]["uid"], session["model"]["uid"]) == (dataset, "starter")
    # What equals a default is not part of the draft: it follows the model.
    assert session["draft"]["values"] == {"validation_split": "0.2", "epochs": "2.5", "eval_steps": "50"}
    assert client.get("/api/job-configuration/validate").json()["isValid"]
    review = client.get("/jobs/new/review", headers=FORM).text
    assert "3 values differ from the defaults" in review
    assert "Sample on Starter" in review

    made = send(client, "review", "start", name="By steps")
    uid = made.headers["location"].removeprefix("/jobs/")
    job = client.get(f"/api/jobs/{uid}").json()
    values = job["configuration"]["hyperparameters"]
    assert (job["name"], job["state"]) == ("By steps", "queued")
    assert (values["validation_split"], values["epochs"], values["eval_steps"]) == (0.2, 2.5, 50)
    assert (values["learning_rate"], values["batch_size"], values["method"]) == (0.003, 16, "full")
    fresh = client.get("/api/metadata").json()
    assert fresh["dataset"]["uid"] is None
    assert "draft" not in fresh


def test_the_request_of_the_review_makes_the_same_job(client: TestClient, dataset: str) -> None:
    client.get(f"/jobs/new?dataset={dataset}")
    send(client, "method", "review", method="lora", epochs="2", learning_rate="0.0001", lora_r="8", merge_adapter="yes")
    shown = re.search(r'aria-label="Request">(.*?)</pre>', client.get("/jobs/new/review", headers=FORM).text, re.DOTALL)
    assert shown
    by_request = client.post("/api/jobs", json=json.loads(html.unescape(shown[1]))).json()
    by_form = send(client, "review", "start").headers["location"].removeprefix("/jobs/")
    jobs = [
        client.get(f"/api/jobs/{uid}").json() for uid in (by_request.get("uid") or by_request["job"]["uid"], by_form)
    ]
    first, second = (job["configuration"]["hyperparameters"] for job in jobs)
    assert first == second
    assert (first["method"], first["lora_r"], first["merge_adapter"]) == ("lora", 8, True)
    assert jobs[0]["name"] == jobs[1]["name"] == "Sample on Starter"


def test_defaults_follow_model_and_method(client: TestClient, dataset: str) -> None:
    client.get(f"/jobs/new?dataset={dataset}")
    starter = state_of(send(client, "model", "stay", model="starter").text)["defaults"]
    assert (starter["learning_rate"], starter["batch_size"]) == ("0.003", "16")
    qwen = state_of(send(client, "model", "stay", model="Qwen/Qwen3-0.6B").text)["defaults"]
    assert (qwen["learning_rate"], qwen["batch_size"]) == ("0.0002", "8")
    # The page still shows the default of before; it must not become a wish.
    full = send(client, "method", "stay", method="full", epochs="3", learning_rate="0.0002")
    assert state_of(full.text)["defaults"]["learning_rate"] == "2e-05"
    assert client.get("/api/metadata").json()["draft"]["values"] == {}


def test_without_data_the_way_leads_to_the_first_step(client: TestClient) -> None:
    assert send(client, "data", "discard").headers["location"] == "/jobs/new"
    answer = send(client, "review", "start")
    assert answer.headers["location"] == "/jobs/new/data?check=1"
    page = client.get("/jobs/new/data?check=1", headers=FORM)
    assert page.status_code == 422
    assert "Choose a dataset." in page.text


def test_the_only_dataset_goes_without_saying(client: TestClient, dataset: str) -> None:
    assert "Start training" in client.get("/jobs/new/resources", headers=FORM).text
    made = send(client, "data", "start", dataset=dataset)
    assert made.headers["location"].startswith("/jobs/job_")


def test_what_does_not_fit_is_named_and_led_to(client: TestClient, dataset: str) -> None:
    client.get(f"/jobs/new?dataset={dataset}")
    receipt = send(client, "resources", "stay", batch_size="many").text
    state = state_of(receipt)
    assert state["missing"] == "Check “Batch size”"
    assert "valid integer" in state["errors"]["batch_size"]
    stays = send(client, "resources", "review", batch_size="many")
    assert stays.status_code == 422
    assert 'value="many"' in stays.text
    assert 'aria-invalid="true" autofocus' in stays.text
    assert send(client, "data", "start", dataset=dataset).headers["location"] == "/jobs/new/resources?check=1"
    assert client.get("/api/jobs").json()["total"] == 0


def test_a_reference_that_is_gone_is_named(client: TestClient, dataset: str) -> None:
    client.get(f"/jobs/new?dataset={dataset}")
    client.post("/models", data={"id": "acme/tiny"}, headers=FORM)
    send(client, "model", "stay", model="acme/tiny")
    client.post("/models/remove", data={"id": "acme/tiny"}, headers=FORM)
    page = client.get("/jobs/new/model?check=1", headers=FORM)
    assert "The model is gone: choose another." in page.text


def test_picks_of_a_script_appear_in_the_wizard(client: TestClient, dataset: str) -> None:
    uid = client.post("/api/hyperparameter-config/configs", json={"method": "full", "epochs": 7}).json()["uid"]
    picks = {"dataset": {"uid": dataset}, "model": {"uid": "starter"}, "hyperparameters": {"uid": uid}}
    client.post("/api/metadata", json=picks)
    assert 'value="7"' in client.get("/jobs/new/method", headers=FORM).text


def test_a_copy_starts_at_the_review_with_the_values_of_the_first(client: TestClient, dataset: str) -> None:
    client.get(f"/jobs/new?dataset={dataset}")
    send(client, "resources", "review", batch_size="4")
    first = send(client, "review", "save", name="First").headers["location"].removeprefix("/jobs/")
    assert client.get(f"/api/jobs/{first}").json()["state"] == "created"
    assert client.get(f"/jobs/new?from={first}").headers["location"] == "/jobs/new/review"
    copy = send(client, "review", "start", name="Second").headers["location"].removeprefix("/jobs/")
    values = client.get(f"/api/jobs/{copy}").json()["configuration"]["hyperparameters"]
    assert values["batch_size"] == 4


def test_the_receipt_tells_steps_device_and_what_is_unknown(client: TestClient, dataset: str) -> None:
    client.get(f"/jobs/new?dataset={dataset}")
    text = client.get("/jobs/new/data", headers=FORM).text
    for words in ("198 steps", "1\u202f044 + 116 held out", "No time can be told yet", "none is running"):
        assert words in text
    big = send(client, "model", "stay", model="meta-llama/Llama-3.3-70B-Instruct").text
    assert "take a smaller model or another method" in big or "activations come on top" in big
    assert "at least" in big


def test_a_form_that_is_no_form_is_refused(client: TestClient) -> None:
    answer = client.post("/jobs/new/data", files={"file": ("x.bin", b"x")}, headers={"Accept": "text/html"})
    assert answer.status_code == 415
    assert client.get("/jobs/new/nowhere", headers=FORM).status_code in (404, 422)
