"""Command jobs over REST: what is posted, what is answered, what is refused, and what is never shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.conftest import Hand

Json = dict[str, Any]
DEVICES = [{"uuid": f"GPU-{index}", "index": index, "name": "Pretended"} for index in range(4)]


class CommandHand(Hand):
    """A worker with four GPUs that runs commands."""

    def __init__(self, client: TestClient, worker_id: str = "gpu-box") -> None:
        super().__init__(client, worker_id)
        self.capabilities |= {"devices": DEVICES, "commands": True}

    def take(self, lane: str = "gpu") -> Json | None:
        return self.claim(lane=lane)


@pytest.fixture
def box(client: TestClient) -> CommandHand:
    """The worker, known to the backend."""
    hand = CommandHand(client)
    assert hand.take() is None
    return hand


def submit(client: TestClient, **more: Any) -> Json:
    answer = client.post("/api/jobs", json={"name": "a command", "command": "true", "gpu_count": 0, **more})
    assert answer.status_code == 201, answer.text
    created: Json = answer.json()
    return created


SEED = {
    "name": "llama-finetuning",
    "command": "python train.py --config config.yaml",
    "gpu_count": 4,
    "priority": 10,
    "environment": {"CUDA_VISIBLE_DEVICES": "0,1,2,3"},
}


def test_the_seeds_example(client: TestClient, box: CommandHand) -> None:
    answer = client.post("/api/jobs", json=SEED)
    assert answer.status_code == 201
    created = answer.json()
    assert re.fullmatch(r"job-[0-9a-z]{6,8}", created["id"])
    assert re.fullmatch(r"job_\d{13}_[0-9a-f]{8}", created["uid"])
    assert (created["name"], created["status"], created["gpu_count"]) == ("llama-finetuning", "pending", 4)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created["created_at"])
    assert (created["message"], created["jobUid"], created["state"]) == (
        "Job submitted successfully",
        created["uid"],
        "queued",
    )
    for key in (created["id"], created["uid"]):
        shown = client.get(f"/api/jobs/{key}").json()
        assert (shown["id"], shown["uid"], shown["kind"]) == (created["id"], created["uid"], "command")
    assert shown["command"] == SEED["command"]
    assert shown["queue"] == {"position": 1, "reason": "Waits for 4 GPUs: 4 of 4 free"}
    assert [shown[key] for key in ("configuration", "modelSaving", "training", "results")] == [None] * 4
    listed = client.get("/api/jobs?status=pending&limit=10&offset=0").json()
    assert [job["id"] for job in listed["jobs"]] == [created["id"]]

    claim = box.take()
    assert claim
    assert [device["index"] for device in claim["job"]["devices"]] == [0, 1, 2, 3]
    assert claim["job"]["argv"] == ["python", "train.py", "--config", "config.yaml"]
    running = client.get("/api/jobs?status=running").json()["jobs"][0]
    assert (running["gpu_ids"], running["status"]) == ([0, 1, 2, 3], "running")

    cancelled = client.post(f"/api/jobs/{created['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["wanted"]) == (200, "cancel")
    assert box.beat().json()["wanted"] == "cancel"
    box.report("cancelled")
    assert client.get(f"/api/jobs/{created['id']}").json()["status"] == "cancelled"
    assert client.post(f"/api/jobs/{created['id']}/cancel").status_code == 409


def test_a_waiting_job_is_cancelled_at_once(client: TestClient) -> None:
    created = submit(client)
    answer = client.post(f"/api/jobs/{created['id']}/cancel").json()
    assert (answer["id"], answer["status"], answer["message"]) == (created["id"], "cancelled", "Job cancelled")


def test_secrets_are_never_shown_but_reach_the_worker(client: TestClient, box: CommandHand) -> None:
    environment = {"HF_TOKEN": "hf_very_secret", "DB_PASSWORD": "hunter22", "EPOCHS": "3", "MONKEY": "banana"}
    created = submit(client, environment=environment)
    masked = {"HF_TOKEN": "********", "DB_PASSWORD": "********", "EPOCHS": "3", "MONKEY": "banana"}
    assert created["job"]["environment"] == masked
    copy = client.post(f"/api/jobs/{created['id']}/clone", json={"name": "again"})
    for answer in (client.get("/api/jobs"), client.get(f"/api/jobs/{created['id']}"), copy):
        assert "hf_very_secret" not in answer.text
        assert "hunter22" not in answer.text
    for _ in range(2):  # the copy has the values too
        claim = box.take("command")
        assert claim
        assert claim["job"]["environment"] == environment


def test_gpu_count_by_default(client: TestClient, box: CommandHand) -> None:
    body = {"name": "x", "command": "true"}
    assert client.post("/api/jobs", json=body).json()["gpu_count"] == 1
    two = {**body, "environment": {"CUDA_VISIBLE_DEVICES": "0,2"}}
    assert client.post("/api/jobs", json=two).json()["gpu_count"] == 2


REFUSED: list[tuple[Json, str]] = [
    ({"gpu_count": 5}, "gpu_count is 5, but this machine has 4 GPUs"),
    ({"gpu_count": 2, "environment": {"CUDA_VISIBLE_DEVICES": "0"}}, "names 1 devices, but gpu_count is 2"),
    ({"gpu_count": 1, "environment": {"CUDA_VISIBLE_DEVICES": "9"}}, "no machine has all of 9"),
    ({"gpu_count": 2, "environment": {"CUDA_VISIBLE_DEVICES": "1,1"}}, "twice"),
    ({"command": ""}, "command"),
    ({"command": "a" * 8193}, "8192"),
    ({"command": "echo 'unfinished"}, "shell: true"),
    ({"command": "a\0b"}, "NUL"),
    ({"environment": {"1A": "x"}}, "environment"),
    ({"environment": {"A=B": "x"}}, "environment"),
    ({"environment": {"A": 1}}, "environment"),
    ({"environment": {f"A{number}": "" for number in range(101)}}, "environment"),
    ({"priority": 101}, "priority"),
    ({"gpu_count": 65}, "gpu_count"),
    ({"max_retries": -1}, "max_retries"),
    ({"timeout_seconds": 0}, "timeout_seconds"),
    ({"depends_on": ["job-zzzzzz"]}, "there is no job 'job-zzzzzz'"),
    ({"kind": "finetune"}, "send 'configuration'"),
    ({"experiment_id": "exp-none"}, "Experiment not found"),
]


def test_what_cannot_be_run_is_refused(client: TestClient, box: CommandHand) -> None:
    for more, says in REFUSED:
        answer = client.post("/api/jobs", json={"name": "x", "command": "true", "gpu_count": 0, **more})
        assert answer.status_code == 422, more
        assert says in answer.text
    assert client.get("/api/jobs").json()["total"] == 0


def test_only_json_submits_a_command(client: TestClient) -> None:
    """A page of another site can post a form or plain text without asking first, but no JSON."""
    body = '{"name": "x", "command": "true", "gpu_count": 0}'
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"Content-Type": content_type} if content_type else {}
        assert client.post("/api/jobs", content=body, headers=headers).status_code in (400, 415, 422)
    assert client.get("/api/jobs").json()["total"] == 0


def test_gpus_are_leased_and_given_back(client: TestClient, box: CommandHand) -> None:
    first = submit(client, gpu_count=3)
    big = submit(client, gpu_count=2)
    small = submit(client, gpu_count=1)
    assert box.take()
    held = {device["uuid"]: device["job"] for device in client.get("/api/queue").json()["devices"]}
    assert [uuid for uuid, job in held.items() if job and job["id"] == first["id"]] == ["GPU-0", "GPU-1", "GPU-2"]
    other = CommandHand(client, "gpu-twin")
    assert other.take() is None, "the big job has a right to the free GPU: the small one has to wait behind it"
    queue = client.get("/api/queue").json()
    assert [job["id"] for job in queue["waiting"]] == [big["id"], small["id"]]
    assert queue["waiting"][1]["reason"] == "Waits for 1 GPU: 1 of 4 free, 1 job before it"
    box.report("completed", exit_code=0)
    assert [box.take()["job"]["id"], other.take()["job"]["id"]] == [big["id"], small["id"]]  # type: ignore[index]


def test_a_job_waits_for_those_it_depends_on(client: TestClient, box: CommandHand) -> None:
    first = submit(client)
    second = submit(client, depends_on=[first["id"]], priority=50)
    third = submit(client, depends_on=[second["uid"]])
    shown = client.get(f"/api/jobs/{second['id']}").json()
    assert shown["depends_on"] == [first["id"]]
    assert shown["queue"]["reason"] == f"Waits for job {first['id']} ('a command'), which is queued"
    assert client.get(f"/api/jobs/{third['id']}").json()["depends_on"] == [second["id"]]
    claim = box.take("command")
    assert claim
    assert claim["job"]["id"] == first["id"]
    assert CommandHand(client, "another").take("command") is None
    box.report("failed", error="no luck", exit_code=1)
    for created, cause in ((second, first), (third, second)):
        ended = client.get(f"/api/jobs/{created['id']}").json()
        assert (ended["state"], ended["error_message"]) == (
            "failed",
            f"Job {cause['id']} ('a command'), which it depends on, has failed",
        )
    refused = client.post(
        "/api/jobs", json={"name": "x", "command": "true", "gpu_count": 0, "depends_on": [first["id"]]}
    )
    assert "has failed and will not complete" in refused.json()["detail"]


def test_a_failed_command_is_tried_again_as_often_as_it_may(client: TestClient, box: CommandHand) -> None:
    created = submit(client, max_retries=1)
    box.take("command")
    box.report("failed", error="Killed by signal 9 (SIGKILL)", exit_code=-9)
    waiting = client.get(f"/api/jobs/{created['id']}").json()
    assert (waiting["state"], waiting["retries"], waiting["exit_code"]) == ("queued", 1, -9)
    assert waiting["retry_at"] > waiting["created_at"]
    assert "retry 1 of 1" in waiting["queue"]["reason"]
    claim = box.claim(lane="command", wait_seconds=20)
    assert claim
    assert claim["job"]["attempt"] == 2
    box.report("failed", error="Killed by signal 9 (SIGKILL)", exit_code=-9)
    assert client.get(f"/api/jobs/{created['id']}").json()["state"] == "failed"


def test_restart_and_clone(client: TestClient, box: CommandHand) -> None:
    created = submit(client, tags=["nightly"], priority=3)
    assert client.post(f"/api/jobs/{created['id']}/restart").status_code == 409
    box.take("command")
    box.report("completed", exit_code=0)
    again = client.post(f"/api/jobs/{created['id']}/restart")
    assert again.status_code == 201
    job = again.json()["job"]
    assert (job["source_job"], job["state"], job["tags"], job["priority"]) == (created["uid"], "queued", ["nightly"], 3)
    assert job["id"] != created["id"]
    changed = client.post(f"/api/jobs/{created['id']}/clone", json={"command": "false", "autoStart": False}).json()[
        "job"
    ]
    assert (changed["command"], changed["state"], changed["tags"]) == ("false", "created", ["nightly"])
    assert client.post(f"/api/jobs/{created['id']}/clone", json={"priority": 1000}).status_code == 422
    assert client.post(f"/api/jobs/{changed['id']}/start").json()["status"] == "pending"


def test_a_repeated_claim_gets_the_same_job(client: TestClient, box: CommandHand) -> None:
    submit(client)
    submit(client)
    token = "t" * 32
    claims = [box.claim(lane="command", claim_token=token) for _ in range(2)]
    assert claims[0] == claims[1]
    assert client.get("/api/jobs?status=running").json()["total"] == 1


def test_a_worker_that_leaves_is_no_longer_present(client: TestClient, box: CommandHand) -> None:
    assert client.post("/api/workers/gpu-box/leave").json()["success"] is True
    assert client.get("/api/workers").json() == []
    assert client.post("/api/workers/gpu-box/leave").status_code == 404
