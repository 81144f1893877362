"""One test per endpoint of the second published API that is about experiments, made from its own examples; and its workflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.backend.conftest import Hand
from tests.backend.shapes import assert_shape

Json = dict[str, Any]

CREATE = {
    "name": "llama-7b-finetuning",
    "description": "Fine-tuning Llama-7B on custom dataset",
    "tags": {"model": "llama-7b", "task": "instruction-tuning"},
}
EXPERIMENT = {"id": "exp-1a2b3c", **CREATE, "created_at": "2025-07-03T12:00:00.000Z", "run_count": 2}
RUN = {
    "id": "job-k3f9a2",
    "name": "llama-training",
    "status": "completed",
    "params": {"learning_rate": 0.0002},
    "metrics": {},
    "created_at": "2025-07-03T12:00:00.000Z",
}


def create(client: TestClient, **changes: Any) -> Json:
    answer = client.post("/api/experiments", json={**CREATE, **changes})
    assert answer.status_code == 201, answer.text
    experiment: Json = answer.json()
    return experiment


def test_create_experiment(client: TestClient) -> None:
    experiment = create(client)
    assert_shape(experiment, EXPERIMENT)
    assert {key: experiment[key] for key in CREATE} == CREATE
    assert experiment["id"].startswith("exp-")
    assert experiment["run_count"] == 0


def test_list_experiments(client: TestClient) -> None:
    first, second = create(client), create(client, name="second")
    answer = client.get("/api/experiments")
    assert answer.status_code == 200
    assert_shape(answer.json()[1], EXPERIMENT)
    assert answer.json() == [second, first]
    assert answer.headers["X-Total-Count"] == "2"


def test_get_experiment_details(client: TestClient, create_job: Callable[..., Json]) -> None:
    experiment = create(client)
    job = create_job(experiment_id=experiment["id"])
    found = client.get(f"/api/experiments/{experiment['id']}").json()
    assert_shape(found, {**EXPERIMENT, "runs": [RUN], "best": {}})
    assert [run["id"] for run in found["runs"]] == [job["id"]]
    assert client.get(f"/api/experiments/{CREATE['name']}").json() == found


def test_list_experiment_runs(client: TestClient, create_job: Callable[..., Json]) -> None:
    experiment = create(client)
    create_job(experiment_id=experiment["id"], name="llama-training")
    found = client.get(f"/api/experiments/{experiment['id']}/runs").json()
    assert_shape(found, {"runs": [RUN], "total": 1})
    (run,) = found["runs"]
    assert (run["name"], run["status"], run["params"]["dataset"]) == ("llama-training", "queued", "support")


def test_the_workflow(
    client: TestClient, monitor_client: TestClient, create_job: Callable[..., Json], hand: Hand
) -> None:
    """Dataset, experiment, job, its metrics; in the words of the published example."""
    experiment = create(client, name="llama-finetune", description="Fine-tuning experiment", tags={})
    job = create_job(name="llama-training", experiment_id=experiment["id"])
    assert job["experiment_id"] == experiment["id"]
    claimed = hand.claim()
    assert claimed is not None
    spec = claimed["job"]
    assert (spec["uid"], spec["experiment"]) == (job["uid"], "llama-finetune")
    # What the trainer says first and last.
    start = {"id": spec["run_id"], "job_uid": spec["uid"], "experiment": spec["experiment"], "config": {"epochs": 3}}
    assert monitor_client.post("/api/runs", json=start).json()["experiment"] == "llama-finetune"
    monitor_client.patch(f"/api/runs/{spec['run_id']}", json={"summary": {"validation_loss": 0.41}})
    assert hand.report("completed", result={"steps": 3}).status_code == 200
    found = client.get(f"/api/experiments/{experiment['id']}").json()
    assert found["run_count"] == 1
    assert found["best"] == {"validation_loss": {"value": 0.41, "run_id": job["id"]}}
    (run,) = found["runs"]
    assert (run["id"], run["status"], run["params"]) == (job["id"], "completed", {"epochs": 3})
    assert run["metrics"] == {"validation_loss": 0.41}
