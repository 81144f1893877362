"""One `/api/jobs` for both published forms: what both kinds take and answer alike, and which words each is shown with."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.jobs.kinds.finetune import COMMAND
from pegbox.trainer import child
from tests.backend.conftest import Hand

Json = dict[str, Any]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
FORMS = {
    "finetune": {"configuration": {"model": {"uid": "starter"}, "dataset": {"uid": "support"}}},
    "command": {"command": "true"},
}
KINDS = pytest.mark.parametrize("kind", FORMS)


def post(client: TestClient, form: str, **more: Any) -> Json:
    answer = client.post("/api/jobs", json={"name": "either", **FORMS[form], "gpu_count": 0, **more})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


@pytest.mark.usefixtures("dataset")
@KINDS
def test_what_both_kinds_take(client: TestClient, kind: str) -> None:
    first = post(client, kind, autoStart=False)
    experiment = client.post("/api/experiments", json={"name": "common"}).json()["id"]
    extras = {"tags": ["nightly"], "priority": 7, "experiment_id": experiment, "depends_on": [first["uid"]]}
    job = post(client, kind, kind=kind, environment={}, **extras)["job"]
    assert {key: job[key] for key in extras} == {**extras, "depends_on": [first["id"]]}
    assert (job["kind"], job["gpu_count"], job["environment"]) == (kind, 0, {})


@pytest.mark.usefixtures("dataset")
@KINDS
def test_both_answers_in_one_object(client: TestClient, kind: str) -> None:
    created = post(client, kind)
    job = client.get(f"/api/jobs/{created['uid']}").json()
    assert created["success"] is True
    assert created["message"]
    assert created["jobUid"] == created["uid"] == created["job"]["uid"] == job["uid"]
    for key in ("id", "kind", "name", "status", "state", "gpu_count", "priority", "created_at", "createdAt"):
        assert created[key] == created["job"][key] == job[key], key
    assert INSTANT.fullmatch(created["created_at"])


@pytest.mark.usefixtures("dataset")
@KINDS
def test_without_a_word_the_priority_is_zero(client: TestClient, kind: str) -> None:
    created = post(client, kind)
    assert (created["priority"], created["job"]["priority"]) == (0, 0)


@pytest.mark.usefixtures("dataset")
def test_ids_of_both_kinds(client: TestClient) -> None:
    finetune, command = post(client, "finetune"), post(client, "command")
    for created in (finetune, command):
        assert re.fullmatch(r"job_\d{13}_[0-9a-f]{8}", created["uid"])
    assert finetune["id"] == finetune["uid"]
    assert re.fullmatch(r"job-[0-9a-z]{6,8}", command["id"])


@pytest.mark.parametrize("key", ["id", "uid"])
def test_either_name_of_a_command_does_in_every_path(client: TestClient, key: str) -> None:
    name = post(client, "command", autoStart=False)[key]
    steps = (
        *(
            ("GET", ""),
            ("GET", "/logs"),
            ("GET", "/result"),
            ("POST", "/start"),
            ("POST", "/pause"),
            ("POST", "/resume"),
        ),
        *(("POST", "/clone"), ("POST", "/cancel"), ("POST", "/archive"), ("POST", "/restore"), ("POST", "/restart")),
        ("DELETE", ""),
    )
    for method, path in steps:
        answer = client.request(method, f"/api/jobs/{name}{path}")
        assert answer.is_success, f"{method} {path}: {answer.text}"
    for method, path in steps:
        assert client.request(method, f"/api/jobs/{name}{path}").status_code == 404, f"{method} {path}"


@pytest.mark.usefixtures("dataset")
def test_status_is_the_word_of_the_kind_and_state_the_stored_one(client: TestClient, hand: Hand) -> None:
    hand.capabilities["commands"] = True
    held = [post(client, kind, autoStart=False) for kind in FORMS]
    waiting = [post(client, kind) for kind in FORMS]
    assert [(job["status"], job["state"]) for job in held] == [("created", "created"), ("pending", "created")]
    assert [(job["status"], job["state"]) for job in waiting] == [("queued", "queued"), ("pending", "queued")]

    def found(status: str) -> set[str]:
        page = client.get("/api/jobs", params={"status": status}).json()
        assert (page["limit"], page["current_count"]) == (20, 4)
        return {job["uid"] for job in page["jobs"]}

    assert found("created") == {job["uid"] for job in held}
    assert found("queued") == {job["uid"] for job in waiting}
    assert found("pending") == {job["uid"] for job in (*held, *waiting)}
    assert hand.claim(lane="command")
    shown = client.get(f"/api/jobs/{waiting[1]['id']}").json()
    assert (shown["status"], shown["state"]) == ("running", "running")
    refused = client.get("/api/jobs?status=wip")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == ["query", "status"]


@pytest.mark.usefixtures("dataset")
def test_every_key_is_there_for_both_kinds_and_the_absent_side_null(client: TestClient) -> None:
    finetune, command = (client.get(f"/api/jobs/{post(client, kind)['id']}").json() for kind in FORMS)
    assert finetune.keys() == command.keys()
    own = ("configuration", "modelSaving", "training", "results")
    assert [command[key] for key in own] == [None] * 4
    assert None not in [finetune[key] for key in own]
    assert (command["command"], finetune["command"]) == ("true", COMMAND)
    assert f"python -m {child.__name__}" == COMMAND
    assert all(isinstance(job["gpu_count"], int) for job in (finetune, command))
