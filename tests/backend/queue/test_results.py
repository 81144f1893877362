"""What a finished training leaves: results in the job, a model in the collection that can be trained further."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from tests.backend.conftest import Hand

CreateJob = Callable[..., dict[str, Any]]


def result(folder: Path, **more: Any) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "model_path": str(folder),
        "size_bytes": 6_720_000,
        "steps": 300,
        "best_step": 270,
        "checkpoints": [{"step": 270, "path": str(folder / "checkpoint-270"), "validation_loss": 0.2, "best": True}],
        "metrics": {"first_validation_loss": 7.1, "best_validation_loss": 0.2, "train_loss": None},
        "answers": {
            "before": [{"prompt": "q", "expected": "a", "answer": "??"}],
            "after": [{"prompt": "q", "expected": "a", "answer": "a"}],
        },
        "exact_match": {"correct": 107, "total": 116},
        "parameters": 1_680_000,
        "trainable_parameters": 1_680_000,
        "runtime_seconds": 34.2,
        **more,
    }


def test_results_and_model(client: TestClient, create_job: CreateJob, hand: Hand, home: Path) -> None:
    job = create_job(modelSaving={"modelName": "Support model"}, tags=["support"])
    claim = hand.claim()
    assert claim
    model_id = claim["job"]["model_id"]
    hand.report("completed", step=300, exit_code=0, result=result(home / "models" / model_id))

    shown = client.get(f"/api/jobs/{job['uid']}").json()
    assert shown["state"] == "completed"
    assert (shown["progress"], shown["training"]["currentEpoch"]) == (100.0, 3)
    assert shown["results"]["finalModelPath"] == str(home / "models" / model_id)
    assert shown["results"]["checkpoints"][0]["step"] == 270
    assert shown["results"]["performance"]["best_validation_loss"] == 0.2
    assert shown["results"]["performance"]["exact_match"] == {"correct": 107, "total": 116}

    outcome = client.get(f"/api/jobs/{job['uid']}/result").json()
    assert outcome["result"]["answers"]["after"][0]["answer"] == "a"
    assert outcome["model_id"] == model_id

    model = client.get(f"/api/models/{model_id}").json()
    assert (model["kind"], model["name"], model["source"]) == ("finetuned", "Support model", "local")
    assert (model["base_model"], model["source_job"]) == ("starter", job["uid"])
    assert (model["parameters"], model["size"], model["path_available"]) == ("1.7M", 6_720_000, True)
    assert model["dataset"]["rows"] == 6
    assert client.get("/api/models").json()["models"][0]["id"] == model_id


def test_a_finished_model_can_be_trained_further(
    client: TestClient, create_job: CreateJob, hand: Hand, home: Path, dataset: dict[str, Any]
) -> None:
    create_job()
    claim = hand.claim()
    assert claim
    model_id = claim["job"]["model_id"]
    hand.report("completed", result=result(home / "models" / model_id))
    configuration = {"model": {"uid": model_id}, "dataset": {"uid": dataset["uid"]}}
    create_job(configuration=configuration)
    again = hand.claim()
    assert again
    assert again["job"]["model"] == {
        "uid": model_id,
        "name": "Support bot",
        "source": "local",
        "location": str(home / "models" / model_id),
    }


def test_an_adapter_is_named_as_one(client: TestClient, create_job: CreateJob, hand: Hand, home: Path) -> None:
    create_job({"method": "lora", "lora_r": 8})
    claim = hand.claim()
    assert claim
    model_id = claim["job"]["model_id"]
    hand.report("completed", result=result(home / "models" / model_id))
    model = client.get(f"/api/models/{model_id}").json()
    assert model["kind"] == "adapter"
    assert model["adapter"] == {"method": "LoRA", "r": 8, "alpha": 32, "dropout": 0.05}
    configuration = {"model": {"uid": model_id}, "dataset": {"uid": claim["job"]["dataset"]["uid"]}}
    job = create_job(configuration=configuration)
    assert job["state"] == "created"
    assert "is an adapter" in job["validation"]["errors"][0]


def test_a_merged_adapter_can_be_trained_further(
    client: TestClient, create_job: CreateJob, hand: Hand, home: Path, dataset: dict[str, Any]
) -> None:
    create_job({"method": "lora", "merge_adapter": True})
    claim = hand.claim()
    assert claim
    folder = home / "models" / claim["job"]["model_id"]
    (folder / "merged").mkdir(parents=True)
    hand.report("completed", result=result(folder, merged_path=str(folder / "merged")))
    create_job(configuration={"model": {"uid": claim["job"]["model_id"]}, "dataset": {"uid": dataset["uid"]}})
    again = hand.claim()
    assert again
    assert again["job"]["model"]["location"] == str(folder / "merged")


def test_a_model_that_is_not_to_be_saved_stays_out_of_the_collection(
    client: TestClient, create_job: CreateJob, hand: Hand, home: Path
) -> None:
    create_job(modelSaving={"saveModel": False})
    claim = hand.claim()
    assert claim
    hand.report("completed", result=result(home / "x"))
    assert client.get(f"/api/models/{claim['job']['model_id']}").status_code == 404


def test_a_failure_says_why(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    create_job()
    hand.claim()
    hand.report("failed", error="CUDA out of memory\nTraceback …", exit_code=1)
    outcome = client.get(f"/api/jobs/{hand.uid}/result").json()
    assert (outcome["state"], outcome["exit_code"], outcome["result"]) == ("failed", 1, None)
    assert outcome["error"].startswith("CUDA out of memory")
