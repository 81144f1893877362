"""Names, tags, stars, pages, deletion; every refusal in the one body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from pegbox.settings import Settings
from pegbox.store.database import open_engine
from pegbox.store.tables import ArtifactVersion

Json = dict[str, Any]
ERROR = {"detail", "status_code", "error_type", "error", "message", "status", "errors", "request_id"}


def refused(answer: Any, status: int, says: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() == ERROR
    assert (body["status"], body["status_code"]) == (status, status)
    assert says in body["message"] + str(body["errors"])


def create(client: TestClient, name: str, **more: Any) -> Json:
    answer = client.post("/api/experiments", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    experiment: Json = answer.json()
    return experiment


def test_a_name_is_given_once(client: TestClient) -> None:
    create(client, "  digits ")
    refused(client.post("/api/experiments", json={"name": "digits"}), 409, "'digits' already exists")


def test_a_name_that_a_script_took_is_taken(client: TestClient, monitor_client: TestClient) -> None:
    monitor_client.post("/api/runs", json={"id": "r1", "experiment": "digits"})
    refused(client.post("/api/experiments", json={"name": "digits"}), 409, "already exists")
    experiment = create(client, "letters")
    monitor_client.post("/api/runs", json={"id": "r2", "experiment": "letters"})
    assert client.get(f"/api/experiments/{experiment['id']}/runs").json()["runs"][0]["id"] == "r2"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "a" * 201},
        {"name": "a", "tags": "draft"},
        {"name": "a", "tags": [{}]},
        {"name": "a", "tags": {"": True}},
        {"name": "a", "tags": {"deep": {"er": 1}}},
        {"name": "a", "tags": [str(number) for number in range(101)]},
        {"name": "a", "description": "a" * 20_001},
    ],
)
def test_what_does_not_fit_is_refused(client: TestClient, body: Json) -> None:
    refused(client.post("/api/experiments", json=body), 422, "body")
    assert client.get("/api/experiments").json() == []


def test_a_list_of_tags_means_true_for_each(client: TestClient) -> None:
    experiment = create(client, "digits", tags=["draft", "vision"])
    assert experiment["tags"] == {"draft": True, "vision": True}
    assert experiment["tag_list"] == ["draft", "vision"]


def test_tags_and_star_change_one_by_one(client: TestClient) -> None:
    path = f"/api/experiments/{create(client, 'digits', description='first', tags=['draft'])['id']}"
    assert client.patch(path, json={"starred": True}).json()["tags"] == {"draft": True}
    assert client.patch(path, json={"tags": {"task": "ocr", "size": 3, "share": 0.5}}).json()["starred"] is True
    found = client.get(path).json()
    assert (found["description"], found["starred"]) == ("first", True)
    assert found["tags"] == {"task": "ocr", "size": 3, "share": 0.5}
    assert client.patch(path, json={"starred": False, "description": ""}).json()["description"] == ""


def test_lists_are_paged_searched_and_filtered(client: TestClient) -> None:
    for number in range(5):
        create(client, f"digits {number}", description="Of a 100% hand-made set")
    create(client, "letters")
    client.patch("/api/experiments/digits 3", json={"starred": True})

    def names(**params: Any) -> tuple[list[str], str]:
        answer = client.get("/api/experiments", params=params)
        return [found["name"] for found in answer.json()], answer.headers["X-Total-Count"]

    assert names(limit=2, offset=1) == (["digits 4", "digits 3"], "6")
    assert names(q="DIGITS 100%", limit=1) == (["digits 4"], "5")
    assert names(q="digits 9") == ([], "0")
    assert names(starred=True) == (["digits 3"], "1")
    assert names(starred=False, limit=1) == (["letters"], "5")
    for params in ({"limit": 501}, {"limit": 0}, {"offset": -1}, {"starred": "perhaps"}):
        refused(client.get("/api/experiments", params=params), 422, "query")


def test_only_an_empty_experiment_is_deleted(
    client: TestClient, settings: Settings, create_job: Callable[..., Json]
) -> None:
    experiment = create(client, "digits")
    path = f"/api/experiments/{experiment['id']}"
    job = create_job(experiment_id=experiment["id"], autoStart=False)
    refused(client.delete(path), 409, "has 1 run")
    client.delete(f"/api/jobs/{job['uid']}")
    engine = open_engine(settings)
    with Session(engine) as db:
        version = ArtifactVersion(
            experiment_id=experiment["id"], name="rows", version=0, type="dataset", manifest_digest="0", size_bytes=0
        )
        db.add(version)
        db.commit()
        refused(client.delete(path), 409, "has artifacts")
        db.delete(version)
        db.commit()
    engine.dispose()
    assert client.delete(path).json()["success"] is True
    refused(client.get(path), 404, "Experiment not found: exp-")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/runs"), ("GET", "/best"), ("POST", "/compare")],
)
def test_an_unknown_experiment_is_not_found(client: TestClient, method: str, path: str) -> None:
    body = {} if method in ("PATCH", "POST") else None
    refused(
        client.request(method, f"/api/experiments/exp-none{path}", json=body), 404, "Experiment not found: exp-none"
    )
