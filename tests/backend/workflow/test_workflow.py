"""The wizard's session: picks, what they come to, and whether a job can be made of them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

Json = dict[str, Any]


def test_posting_replaces_only_the_given_keys(client: TestClient) -> None:
    before = client.get("/api/metadata").json()
    client.post("/api/metadata", json={"dataset": {"uid": "d", "name": "D", "extra": [1]}, "notes": {"mine": True}})
    after = client.get("/api/metadata").json()
    assert after["dataset"] == {"uid": "d", "name": "D", "extra": [1], "selectedAt": None}
    assert after["notes"] == {"mine": True}
    assert after["model"] == before["model"]
    assert after["finetuningSession"]["id"] == before["finetuningSession"]["id"]
    assert after["finetuningSession"]["lastModified"] >= before["finetuningSession"]["lastModified"]


def test_null_unpicks(client: TestClient) -> None:
    client.post("/api/metadata", json={"dataset": {"uid": "d"}})
    client.post("/api/metadata", json={"dataset": None})
    assert client.get("/api/metadata").json()["dataset"]["uid"] is None


@pytest.mark.parametrize(
    "body",
    [[], "x", {"dataset": 5}, {"model": {"uid": [1]}}, {"finetuningSession": "x"}, {"a": "\x00"}],
)
def test_bad_sessions(client: TestClient, body: Any) -> None:
    before = client.get("/api/metadata").json()
    assert client.post("/api/metadata", json=body).status_code == 422
    assert client.get("/api/metadata").json() == before


def test_values_that_json_or_utf8_does_not_have(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b'{"a": NaN}', b'{"a": -Infinity}', rb'{"a": "\ud800"}', rb'{"\udfff": 1}'):
        assert client.post("/api/metadata", content=body, headers=headers).status_code == 422, body
    assert (
        client.post("/api/metadata", content=b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}", headers=headers).status_code
        == 422
    )


def test_a_session_has_a_size(client: TestClient) -> None:
    answer = client.post("/api/metadata", json={"notes": "x" * 1_100_000})
    assert answer.status_code == 413
    assert client.post("/api/metadata", content=b"x" * 9_000_000).status_code == 413


def test_validation_of_nothing_picked(client: TestClient) -> None:
    answer = client.get("/api/job-configuration/validate")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "isValid": True,
            "errors": [],
            "warnings": [
                "No dataset UID specified in metadata",
                "No model UID specified in metadata",
                "No hyperparameter UID specified in metadata",
            ],
        },
    )


def test_validation_of_wrong_picks(client: TestClient) -> None:
    client.post("/api/metadata", json={key: {"uid": "x"} for key in ("dataset", "model", "hyperparameters")})
    assert client.get("/api/job-configuration/validate").json() == {
        "isValid": False,
        "errors": ["Dataset UID not found: x", "Model UID not found: x", "Hyperparameter UID not found: x"],
        "warnings": [],
    }


def test_configuration_of_right_picks(client: TestClient, dataset: Json) -> None:
    client.post(
        "/api/metadata",
        json={
            "dataset": {"uid": dataset["uid"], "name": "support", "selectedAt": "2025-07-01T08:55:24.177Z"},
            "model": {"uid": "1966449920", "baseModel": "stabilityai/stablelm-3b-4e1t", "provider": "Stability AI"},
            "hyperparameters": {"uid": "010000rk00rl000500060001000a000g002s"},
        },
    )
    assert client.get("/api/job-configuration/validate").json()["isValid"] is True
    found = client.get("/api/job-configuration").json()
    assert found["model"]["info"]["id"] == "stabilityai/stablelm-3b-4e1t"
    assert found["dataset"]["info"]["rows"] == 6
    assert found["hyperparameters"]["config"]["batchSizeRange"] == [5, 6]
    assert found["hyperparameters"]["batchSizeRange"] == [5, 6]
    assert found["metadata"]["dataset"]["uid"] == dataset["uid"]
