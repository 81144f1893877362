"""Creating and starting jobs: what resolves is queued, what does not says why, what we cannot do is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pegbox.hardware.gpu import read_gpus
from tests.backend.conftest import Hand

Json = dict[str, Any]
CreateJob = Callable[..., Json]


def configuration(model: str = "starter", dataset: str = "support", **hyperparameters: Any) -> Json:
    return {"model": {"uid": model}, "dataset": {"uid": dataset}, "hyperparameters": hyperparameters}


def test_a_job_that_resolves_is_queued(create_job: CreateJob) -> None:
    job = create_job()
    assert job["state"] == "queued"
    assert job["queued_at"]
    assert job["validation"] == {"isValid": True, "errors": [], "warnings": []}


def test_the_answer_says_when_nobody_is_there_to_train(client: TestClient, dataset: Json) -> None:
    body = {"name": "x", "configuration": configuration(dataset=dataset["uid"])}
    assert "No worker is running" in client.post("/api/jobs", json=body).json()["validation"]["warnings"][0]
    Hand(client).claim()
    assert client.post("/api/jobs", json=body).json()["validation"]["warnings"] == []


def test_auto_start_off_and_start(client: TestClient, create_job: CreateJob) -> None:
    job = create_job(autoStart=False)
    assert job["state"] == "created"
    started = client.post(f"/api/jobs/{job['uid']}/start")
    assert (started.status_code, started.json()["state"]) == (200, "queued")
    again = client.post(f"/api/jobs/{job['uid']}/start")
    assert (again.status_code, again.json()["detail"]) == (409, "A job that is queued cannot be started")


def test_dataset_by_slug_and_model_by_number(client: TestClient, dataset: Json) -> None:
    number = client.get("/api/models/starter").json()["uid"]
    body = {"name": "x", "configuration": configuration(model=int(number), dataset=dataset["id"])}  # type: ignore[arg-type]
    answer = client.post("/api/jobs", json=body).json()
    assert answer["state"] == "queued"


def test_strict_refuses_what_cannot_be_queued(client: TestClient) -> None:
    body = {"name": "x", "configuration": configuration("no-model", "no-dataset", uid="no-config")}
    answer = client.post("/api/jobs?strict=true", json=body)
    assert answer.status_code == 422
    assert [finding["msg"] for finding in answer.json()["errors"]] == [
        "Model UID not found: no-model",
        "Dataset UID not found: no-dataset",
        "Hyperparameter UID not found: no-config",
    ]
    assert client.get("/api/jobs").json()["total"] == 0


def test_start_says_what_is_missing_and_works_once_it_is_there(client: TestClient) -> None:
    job = client.post("/api/jobs", json={"name": "x", "configuration": configuration(dataset="later")}).json()
    answer = client.post(f"/api/jobs/{job['uid']}/start")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The job cannot be queued: Dataset UID not found: later"
    client.post("/api/datasets", files={"file": ("later.csv", b"input,output\nq,a\n")})
    assert client.post(f"/api/jobs/{job['uid']}/start").json()["state"] == "queued"
    assert client.get(f"/api/jobs/{job['uid']}").json()["validation"]["isValid"] is True


def test_an_unusable_dataset_is_an_error_of_the_job(client: TestClient) -> None:
    client.post("/api/datasets", files={"file": ("other.csv", b"q,a\n1,2\n")})
    job = client.post("/api/jobs", json={"name": "x", "configuration": configuration(dataset="other")}).json()
    assert job["state"] == "created"
    assert "cannot be trained on: Missing required" in job["validation"]["errors"][0]


def test_a_method_no_worker_can_run_is_refused_with_its_reason(client: TestClient, dataset: Json) -> None:
    worker = Hand(client)
    worker.capabilities["refusals"] = {"qlora": "QLoRA needs an NVIDIA GPU; this machine has none"}
    worker.claim()
    body = {"name": "x", "configuration": configuration(method="qlora")}
    job = client.post("/api/jobs", json=body).json()
    reason = "Method 'qlora' cannot run here: QLoRA needs an NVIDIA GPU; this machine has none"
    assert (job["state"], job["validation"]["errors"]) == ("created", [reason])
    assert client.post("/api/jobs?strict=1", json=body).status_code == 422
    Hand(client, "gpu-box", ("qlora",)).claim()
    assert client.post(f"/api/jobs/{job['uid']}/start").json()["state"] == "queued"


def test_a_worker_that_is_still_starting_refuses_nothing(client: TestClient, dataset: Json) -> None:
    """Its commands may begin at once; what its trainer can do is known a moment later."""
    worker = Hand(client, "warming", ())
    worker.capabilities["is_warming"] = True
    worker.claim()
    body = {"name": "x", "configuration": configuration(method="lora")}
    assert client.post("/api/jobs", json=body).json()["state"] == "queued"


def test_unknown_hyperparameters_are_not_ignored_in_silence(create_job: CreateJob) -> None:
    job = create_job({"learning_rat": 1, "epochs": 1})
    assert "Unknown hyperparameter 'learning_rat' has no effect" in job["validation"]["warnings"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "x"}, "send 'configuration'"),
        ({"name": "x", "command": "ls", "configuration": configuration()}, "not both"),
        ({"name": "x", "configuration": configuration(), "kind": "command"}, "send 'configuration'"),
        ({"name": " ", "configuration": configuration()}, "name"),
        ({"name": "a\nb", "configuration": configuration()}, "control characters"),
        ({"name": "n" * 201, "configuration": configuration()}, "200"),
        ({"name": "x", "configuration": {"model": {"uid": "starter"}}}, "dataset"),
        ({"name": "x", "configuration": configuration(learning_rate=-1)}, "learning_rate"),
        ({"name": "x", "configuration": configuration(method="magic")}, "method"),
        ({"name": "x", "configuration": configuration(), "priority": 101}, "priority"),
        ({"name": "x", "configuration": configuration(), "gpu_count": 2}, "one GPU"),
        ({"name": "x", "configuration": configuration(), "depends_on": ["job_1"]}, "depends_on"),
        ({"name": "x", "configuration": configuration(), "environment": {"A": "b"}}, "environment"),
        ([], "send 'configuration'"),
    ],
)
def test_bodies_that_do_not_fit(client: TestClient, body: Any, says: str) -> None:
    answer = client.post("/api/jobs", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_gpu_count_defaults_to_what_is_there(create_job: CreateJob) -> None:
    assert create_job()["gpu_count"] == min(1, len(read_gpus()))


def test_uids_stay_unique_in_one_millisecond(client: TestClient, create_job: CreateJob) -> None:
    assert len({create_job()["uid"] for _ in range(20)}) == 20


def test_both_spellings_of_one_job(create_job: CreateJob) -> None:
    job = create_job(tags=["a"], priority=3)
    assert job["id"] == job["uid"]
    assert job["created_at"] == job["createdAt"]
    assert job["status"] == job["state"] == "queued"
    assert (job["kind"], job["priority"], job["environment"], job["gpu_ids"]) == ("finetune", 3, {}, [])
    assert job["command"] == "python -m pegbox.trainer.child"
    assert job["modelSaving"] == {"saveModel": True, "modelName": None, "pushToHub": False, "makePublic": False}
    assert job["results"]["checkpoints"] == []
