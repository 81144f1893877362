"""One test per published endpoint of the main API, made from its own example: every key, every type, the status."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.backend.conftest import Hand
from tests.backend.shapes import assert_shape
from tests.cast import SUPPORT_CSV
from tests.stub_hub import StubHub

Json = dict[str, Any]
CreateJob = Callable[..., Json]

MODEL = {
    "id": "meta-llama/Llama-3.1-70B-Instruct",
    "name": "Llama 3.1 70B Instruct",
    "provider": "Meta",
    "category": "Instruction Following",
    "description": "Large multilingual model with excellent performance",
    "parameters": "70B",
    "contextLength": 131072,
    "license": "Llama 3.1 Community License",
    "downloadSize": "39.6 GB",
    "tags": ["large-model", "multilingual", "powerful"],
    "capabilities": ["advanced-reasoning", "complex-instruction-following"],
    "recommended": False,
    "performance": {"speed": "Moderate", "accuracy": "Excellent", "memoryUsage": "High"},
    "useCase": "Complex reasoning, advanced code generation",
}
SEARCH_RESULT = {
    "id": "openai-community/gpt2",
    "name": "GPT-2",
    "provider": "OpenAI",
    "category": "Text Generation",
    "description": "Pre-trained text generation model",
    "parameters": "117M",
    "contextLength": 1024,
    "tags": ["gpt2", "text-generation"],
    "downloads": 50000,
    "likes": 1500,
}
NEW_MODEL = {
    "id": "test-model/gpt-2",
    "name": "Test GPT-2",
    "provider": "Test Provider",
    "category": "Text Generation",
    "description": "Test model for API testing",
    "parameters": "117M",
    "tags": ["test", "gpt-2"],
}
DATASET = {
    "uid": "dataset_1751023766790_b0zqofldb",
    "id": "customer-support-qa",
    "name": "Customer Support Q&A",
    "description": "Customer service questions and responses",
    "tags": ["customer-service", "qa", "support"],
    "columns": ["input", "output"],
    "rows": 1500,
    "size": "2.3 MB",
    "createdAt": "2025-07-01T08:55:24.177Z",
    "validation": {"isValid": True, "hasRequiredColumns": True, "errors": []},
}
PREVIEW = {
    "filename": "dataset.csv",
    "columns": ["input", "output"],
    "data": [{"input": "What is AI?", "output": "Artificial Intelligence is the simulation of human intelligence."}],
    "validation_errors": [],
    "statistics": {
        "total_rows": 1000,
        "total_columns": 2,
        "file_size_kb": 245.6,
        "preview_rows": 5,
        "has_required_columns": True,
    },
    "isNewUpload": True,
}
JOB = {
    "uid": "job_1751559451590_15c0ef2a",
    "name": "Customer Support Fine-tuning",
    "description": "Fine-tune model for customer support responses",
    "status": "running",
    "createdAt": "2025-07-03T12:00:00.000Z",
    "lastModified": "2025-07-03T12:30:00.000Z",
    "configuration": {
        "model": {"uid": "meta-llama/Llama-3.1-70B-Instruct", "name": "Llama 3.1 70B Instruct"},
        "dataset": {"uid": "dataset_1751023766790_b0zqofldb", "name": "Customer Support Q&A"},
        "hyperparameters": {
            "uid": "00000005k0008000300100002s",
            "learning_rate": 0.0002,
            "batch_size": 8,
            "epochs": 3.0,
        },
    },
    "training": {"startedAt": "2025-07-03T12:05:00.000Z", "progress": 45.2, "currentEpoch": 2, "totalEpochs": 3},
}
NEW_JOB = {
    "name": "Test Fine-tuning Job",
    "description": "Test job for API validation",
    "tags": ["test", "api"],
    "configuration": {
        "model": {"uid": "test-model", "name": "Test Model"},
        "dataset": {"uid": "test-dataset", "name": "Test Dataset"},
        "hyperparameters": {"uid": "test-config", "learning_rate": 0.0002, "batch_size": 8, "epochs": 3},
    },
    "modelSaving": {"saveModel": True, "modelName": "test-fine-tuned-model"},
}
LIVE_METRICS = {
    "current_loss": 0.3421,
    "validation_loss": 0.3876,
    "current_epoch": 2,
    "current_step": 150,
    "last_updated": "2025-07-03T12:45:00.000Z",
}
STATISTICS = {
    "total": 10,
    "current": {"total": 3, "running": 2, "queued": 1, "created": 0},
    "past": {"total": 7, "completed": 5, "failed": 2},
    "success_rate": "71.4%",
    "last_updated": "2025-07-03T12:45:00.000Z",
}
METADATA: Json = {
    "finetuningSession": {
        "id": "session_1750912194926",
        "createdAt": "2025-06-26T04:29:54.926Z",
        "lastModified": "2025-07-01T08:55:24.177Z",
        "status": "hyperparameters_configured",
    },
    "dataset": {
        "uid": "dataset_1751023766790_b0zqofldb",
        "name": "test_dataset",
        "selectedAt": "2025-07-01T08:55:24.177Z",
    },
    "model": {
        "uid": "1966449920",
        "baseModel": "stabilityai/stablelm-3b-4e1t",
        "modelName": "StableLM 3B 4E1T",
        "provider": "Stability AI",
    },
    "hyperparameters": {"uid": "010000rk00rl000500060001000a000g002s"},
}


def test_root(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.json() == {"message": "CSV Preview API is running", "status": "healthy"}
    assert "Accept" in answer.headers["vary"]


def test_health(client: TestClient) -> None:
    answer = client.get("/api/health")
    assert answer.status_code == 200
    assert_shape(
        answer.json(),
        {
            "status": "healthy",
            "service": "CSV Preview API",
            "version": "1.0.0",
            "dependencies": {"pandas": "2.1.0", "fastapi": "0.104.1"},
            "endpoints": {"preview": "/api/preview-csv", "health": "/api/health"},
        },
    )
    assert answer.json()["status"] == "healthy"
    assert answer.json()["endpoints"] == {"preview": "/api/preview-csv", "health": "/api/health"}


def test_get_models(client: TestClient) -> None:
    answer = client.get("/api/models")
    assert answer.status_code == 200
    models = {model["id"]: model for model in answer.json()["models"]}
    assert_shape(models[MODEL["id"]], MODEL)
    assert answer.json()["categories"][0] == "All Models"
    assert {"Text Generation", "Code Generation"} <= set(answer.json()["categories"])
    assert answer.json()["providers"][0] == "All Providers"
    assert {"Meta", "Google", "OpenAI"} <= set(answer.json()["providers"])


def test_search_models(hub_client: TestClient) -> None:
    answer = hub_client.get("/api/models/search?query=gpt&limit=10")
    assert answer.status_code == 200
    first = next(model for model in answer.json() if model["id"] == SEARCH_RESULT["id"])
    assert_shape(first, SEARCH_RESULT)
    assert all(set(SEARCH_RESULT) <= set(model) for model in answer.json())
    assert len(hub_client.get("/api/models/search?query=gpt&limit=1").json()) == 1
    assert hub_client.get("/api/models/search?query=g").status_code == 422


def test_add_check_and_remove_model(hub_client: TestClient) -> None:
    answer = hub_client.post("/api/models", json=NEW_MODEL)
    assert answer.status_code == 201
    assert answer.json()["success"] is True
    assert answer.json()["message"] == "Successfully added 'Test GPT-2' to your collection"
    assert_shape(answer.json()["model"], {**MODEL, **NEW_MODEL, "contextLength": None, "capabilities": []})
    assert {key: answer.json()["model"][key] for key in NEW_MODEL} == NEW_MODEL

    for path in ("test-model%2Fgpt-2", "test-model/gpt-2"):
        answer = hub_client.get(f"/api/models/check/{path}")
        assert (answer.status_code, answer.json()) == (200, {"exists": True, "model_id": "test-model/gpt-2"})

    answer = hub_client.post("/api/models", json=NEW_MODEL)
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Model 'test-model/gpt-2' already exists in your collection"

    answer = hub_client.delete("/api/models/test-model%2Fgpt-2")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "Successfully removed model 'test-model/gpt-2'"}
    assert hub_client.get("/api/models/check/test-model%2Fgpt-2").json()["exists"] is False
    assert hub_client.delete("/api/models/test-model%2Fgpt-2").status_code == 404


def test_get_datasets(client: TestClient, dataset: Json) -> None:
    client.put(f"/api/datasets/{dataset['uid']}", json={"tags": ["qa"], "description": "Questions"})
    answer = client.get("/api/datasets")
    assert answer.status_code == 200
    assert_shape(answer.json(), [DATASET])
    record = answer.json()[0]
    assert re.fullmatch(r"dataset_\d{13}_[0-9a-z]{9}", record["uid"])
    assert record["id"] == "support"
    assert record["rows"] == 6
    assert record["validation"]["isValid"] is True


def test_preview_csv(client: TestClient) -> None:
    answer = client.post("/api/preview-csv", files={"file": ("dataset.csv", SUPPORT_CSV.read_bytes())})
    assert answer.status_code == 200
    assert_shape(answer.json(), PREVIEW)
    assert answer.json()["filename"] == "dataset.csv"
    assert answer.json()["validation_errors"] == []
    assert answer.json()["statistics"]["file_size_kb"] == round(SUPPORT_CSV.stat().st_size / 1024, 2)


def test_create_job(client: TestClient) -> None:
    answer = client.post("/api/jobs", json=NEW_JOB)
    assert answer.status_code == 201
    body = answer.json()
    assert body["success"] is True
    assert body["message"] == "Finetuning job created successfully"
    assert re.fullmatch(r"job_\d{13}_[0-9a-f]{8}", body["jobUid"])
    assert body["job"]["uid"] == body["jobUid"] == body["uid"] == body["id"]
    assert body["job"]["name"] == "Test Fine-tuning Job"
    assert_shape(body["job"], {**JOB, "training": {"startedAt": None, "completedAt": None, "progress": 0.0}})
    hyperparameters = body["job"]["configuration"]["hyperparameters"]
    assert hyperparameters["uid"] == "test-config"
    assert (hyperparameters["learning_rate"], hyperparameters["batch_size"], hyperparameters["epochs"]) == (2e-4, 8, 3)
    assert body["job"]["modelSaving"]["modelName"] == "test-fine-tuned-model"
    assert body["status"] == "created"
    assert body["validation"]["errors"] == ["Model UID not found: test-model", "Dataset UID not found: test-dataset"]


def start_running(client: TestClient, monitor: TestClient, hand: Hand) -> str:
    """Claims the queued job and logs a few points of its run, as a trainer would."""
    claim = hand.claim()
    assert claim
    spec = claim["job"]
    monitor.post(
        "/api/runs", json={"id": spec["run_id"], "job_uid": spec["uid"], "name": spec["name"], "total_steps": 20}
    ).raise_for_status()
    points = {
        "step": [1, 2, 9],
        "time": [1e9, 1e9 + 1, 1e9 + 2],
        "metrics": {
            "train_loss": [2.0, 1.5, 0.5],
            "validation_loss": [2.5, None, None],
            "epoch": [0.15, 0.3, 1.35],
        },
    }
    batch = {"writer": "w", "sequence": 1, "points": points, "samples": [], "events": []}
    monitor.post(f"/api/runs/{spec['run_id']}/batches", json=batch).raise_for_status()
    hand.beat(step=9, max_steps=20)
    return str(spec["uid"])


def test_get_jobs(client: TestClient, monitor_client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    create_job({"uid": "00000005k0008000300100002s", "method": "full"})
    start_running(client, monitor_client, hand)
    answer = client.get("/api/jobs")
    assert answer.status_code == 200
    assert_shape(answer.json(), {"jobs": [JOB], "total": 5, "current_count": 2, "past_count": 3})
    job = answer.json()["jobs"][0]
    assert job["status"] == "running"
    assert job["training"]["progress"] == 45.0
    assert (job["training"]["currentEpoch"], job["training"]["totalEpochs"]) == (2, 3)
    assert job["configuration"]["hyperparameters"]["learning_rate"] == 2e-4


def test_get_job_by_uid(client: TestClient, monitor_client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    waiting = create_job()
    assert "live_metrics" not in client.get(f"/api/jobs/{waiting['uid']}").json()
    uid = start_running(client, monitor_client, hand)
    answer = client.get(f"/api/jobs/{uid}")
    assert answer.status_code == 200
    assert_shape(answer.json(), {**JOB, "live_metrics": LIVE_METRICS})
    live = answer.json()["live_metrics"]
    assert (live["current_loss"], live["validation_loss"]) == (0.5, 2.5)
    assert (live["current_epoch"], live["current_step"]) == (2, 9)


def test_get_current_and_past_jobs(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    first = create_job()
    hand.claim()
    hand.report("completed")
    second = create_job()
    current, past = client.get("/api/jobs/current"), client.get("/api/jobs/past")
    assert (current.status_code, past.status_code) == (200, 200)
    shape = {"jobs": [{"uid": "job", "status": "queued"}], "total": 1, "current_count": 1, "past_count": 1}
    assert_shape(current.json(), shape)
    assert_shape(past.json(), shape)
    assert [job["uid"] for job in current.json()["jobs"]] == [second["uid"]]
    assert [job["uid"] for job in past.json()["jobs"]] == [first["uid"]]


def test_get_job_statistics(client: TestClient, create_job: CreateJob, hand: Hand) -> None:
    assert client.get("/api/jobs/statistics").json()["success_rate"] == "0%"
    for outcome in ("completed", "completed", "failed"):
        create_job()
        hand.claim()
        hand.report(outcome)
    create_job()
    answer = client.get("/api/jobs/statistics")
    assert answer.status_code == 200
    assert_shape(answer.json(), STATISTICS)
    assert answer.json()["success_rate"] == "66.7%"
    assert answer.json()["current"] == {"total": 1, "running": 0, "queued": 1, "created": 0, "paused": 0}
    assert answer.json()["past"] == {"total": 3, "completed": 2, "failed": 1, "cancelled": 0}


def test_get_metadata(client: TestClient) -> None:
    fresh = client.get("/api/metadata")
    assert fresh.status_code == 200
    assert_shape(fresh.json()["finetuningSession"], METADATA["finetuningSession"])
    assert client.post("/api/metadata", json=METADATA).json() == {
        "success": True,
        "message": "Metadata updated successfully",
    }
    assert client.get("/api/metadata").json() == METADATA


def test_model_already_exists(client: TestClient) -> None:
    answer = client.post("/api/models", json={"id": "openai-community/gpt2"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "Model 'openai-community/gpt2' already exists in your collection"


def test_file_too_large(client: TestClient) -> None:
    content = b"input,output\n" + b"q,a\n" * (52_428_800 // 4)
    answer = client.post("/api/preview-csv", files={"file": ("big.csv", content)})
    assert answer.status_code == 413
    assert answer.json()["detail"] == "File size exceeds maximum allowed size of 52428800 bytes"


def test_csv_validation_error(client: TestClient) -> None:
    preview = client.post("/api/preview-csv", files={"file": ("data.csv", b"question,output\n1,2\n")}).json()
    answer = client.post("/api/datasets", json={"name": "Data", "sha256": preview["sha256"]})
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Failed to parse CSV file: Missing required 'input' column"


def test_hub_out_of_reach(hub_client: TestClient, stub_hub: StubHub) -> None:
    stub_hub.broken_status = 502
    answer = hub_client.get("/api/models/search?query=llama")
    assert answer.status_code == 503
    assert "out of reach" in answer.json()["detail"]
    assert "'meta-llama/Llama-3.1-8B-Instruct'" in answer.json()["detail"]
    assert len(stub_hub.requests) == 1


def test_live_metrics_are_there_while_the_job_runs(
    client: TestClient, monitor_client: TestClient, create_job: CreateJob, hand: Hand
) -> None:
    create_job()
    uid = start_running(client, monitor_client, hand)
    running = client.get(f"/api/jobs/{uid}").json()
    live, metrics = running["live_metrics"], running["metrics"]
    assert (live["current_loss"], live["validation_loss"]) == (metrics["train_loss"], metrics["validation_loss"])
    assert client.get("/api/jobs/current").json()["jobs"][0]["live_metrics"] == live
    hand.report("completed")
    ended = client.get(f"/api/jobs/{uid}").json()
    assert "live_metrics" not in ended
    assert ended["metrics"] == metrics
    assert "live_metrics" not in client.get("/api/jobs").json()["jobs"][0]
