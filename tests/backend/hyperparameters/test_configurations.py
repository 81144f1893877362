"""The document of configurations, look-ups, storing and the best one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.backend.conftest import Hand

DOCUMENT = {
    "configs": {"abc": {"learningRate": 2e-4, "batchSize": 4}},
    "aliases": {"short": "longer", "longer": "abc", "loop": "loop2", "loop2": "loop"},
    "best_config_uid_manual": "short",
    "best_config_uid_automated": None,
}


def test_document_is_replaced_whole(client: TestClient) -> None:
    assert client.get("/api/hyperparameter-config").json()["configs"] == {}
    answer = client.post("/api/hyperparameter-config", json=DOCUMENT)
    assert answer.json() == {"success": True, "message": "Hyperparameter config updated successfully"}
    assert client.get("/api/hyperparameter-config").json() == DOCUMENT
    client.post("/api/hyperparameter-config", json={"configs": {}})
    assert client.get("/api/hyperparameter-config").json()["aliases"] == {}


def test_look_up_follows_aliases_and_decodes(client: TestClient) -> None:
    client.post("/api/hyperparameter-config", json=DOCUMENT)
    for uid in ("abc", "longer", "short"):
        assert client.get(f"/api/hyperparameter-config/{uid}").json() == DOCUMENT["configs"]["abc"]  # type: ignore[index]
    decoded = client.get("/api/hyperparameter-config/0000005k00080003000g002s").json()
    assert decoded["learningRate"] == 2e-4
    for uid in ("unknown", "loop"):
        answer = client.get(f"/api/hyperparameter-config/{uid}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"Hyperparameter UID not found: {uid}"


def test_values_are_kept_under_their_uid_and_collisions_get_a_suffix(client: TestClient) -> None:
    url = "/api/hyperparameter-config/configs"
    first = client.post(url, json={"learningRate": 2e-4, "loraDropout": 0.1})
    assert first.status_code == 201
    assert first.json()["uid"] == "0000005k00080003000g002s"
    again = client.post(url, json={"learning_rate": 2e-4, "lora_dropout": 0.1})
    other = client.post(url, json={"learning_rate": 2e-4, "lora_dropout": 0.1, "weight_decay": 0.2})
    assert again.json()["uid"] == first.json()["uid"]
    assert other.json()["uid"] == f"{first.json()['uid']}-2"
    stored = client.get(f"/api/hyperparameter-config/{other.json()['uid']}").json()
    assert stored["weight_decay"] == 0.2


def test_best_is_the_picked_one_else_the_best_job(
    client: TestClient, create_job: Callable[..., dict[str, Any]], hand: Hand
) -> None:
    assert client.get("/api/configurations/best?mode=manual").status_code == 404
    for rate, loss in ((1e-3, 0.9), (2e-3, 0.4), (4e-3, 0.6)):
        create_job({"learning_rate": rate})
        hand.claim()
        hand.report("completed", result={"metrics": {"best_validation_loss": loss}})
    best = client.get("/api/configurations/best?mode=manual").json()
    assert (best["source"], best["config"]["learning_rate"], best["validation_loss"]) == ("job", 2e-3, 0.4)
    client.post("/api/hyperparameter-config", json=DOCUMENT)
    best = client.get("/api/configurations/best").json()
    assert (best["source"], best["uid"], best["config"]) == (
        "document",
        "short",
        {"learningRate": 2e-4, "batchSize": 4},
    )
    assert client.get("/api/configurations/best?mode=automated").status_code == 404
    assert client.get("/api/configurations/best?mode=other").status_code == 422
