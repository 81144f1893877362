"""What backend tests share: a registered dataset, a queued job, a worker's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pegbox.settings import Settings
from tests.apps import open_backend
from tests.cast import SUPPORT_CSV
from tests.stub_hub import StubHub

Json = dict[str, Any]


@pytest.fixture
def client(backend_client: TestClient) -> TestClient:
    """The backend with a hub that nobody answers."""
    return backend_client


@pytest.fixture
def hub_client(settings: Settings, stub_hub: StubHub) -> Iterator[TestClient]:
    """The backend with the stub hub."""
    with open_backend(settings.model_copy(update={"hub_endpoint": stub_hub.url})) as client:
        yield client


@pytest.fixture
def dataset(client: TestClient) -> Json:
    """The support questions, registered."""
    answer = client.post(
        "/api/datasets", files={"file": ("support.csv", SUPPORT_CSV.read_bytes())}, data={"strict": "true"}
    )
    assert answer.status_code == 201, answer.text
    record: Json = answer.json()
    return record


@pytest.fixture
def create_job(client: TestClient, dataset: Json) -> Callable[..., Json]:
    """Posts a job on the starter model and the support questions; keywords replace top-level keys of the body."""

    def create(hyperparameters: Json | None = None, **changes: Any) -> Json:
        body = {
            "name": "Support bot",
            "configuration": {
                "model": {"uid": "starter", "name": "Starter"},
                "dataset": {"uid": dataset["uid"], "name": dataset["name"]},
                "hyperparameters": hyperparameters or {},
            },
            **changes,
        }
        answer = client.post("/api/jobs", json=body)
        assert answer.status_code == 201, answer.text
        job: Json = answer.json()["job"]
        return job

    return create


class Hand:
    """A worker's side of the queue, one call at a time."""

    def __init__(
        self, client: TestClient, worker_id: str = "hand-1", methods: tuple[str, ...] = ("full", "lora")
    ) -> None:
        self.client = client
        self.worker_id = worker_id
        self.capabilities: Json = {"methods": list(methods), "cpu_count": 2}
        self.token = ""
        self.uid = ""

    def claim(self, **more: Any) -> Json | None:
        body = {"worker_id": self.worker_id, "hostname": "bench", "capabilities": self.capabilities, **more}
        answer = self.client.post("/api/queue/claim", json=body)
        if answer.status_code == 204:
            return None
        assert answer.status_code == 200, answer.text
        claim: Json = answer.json()
        self.token, self.uid = claim["claim_token"], claim["job"]["uid"]
        return claim

    def beat(self, **more: Any) -> Any:
        body = {"claim_token": self.token, "phase": "train", **more}
        return self.client.post(f"/api/queue/{self.uid}/heartbeat", json=body)

    def report(self, outcome: str, **more: Any) -> Any:
        body = {"claim_token": self.token, "outcome": outcome, **more}
        return self.client.post(f"/api/queue/{self.uid}/report", json=body)

    def state(self) -> str:
        return str(self.client.get(f"/api/jobs/{self.uid}").json()["state"])


@pytest.fixture
def hand(client: TestClient) -> Hand:
    return Hand(client)
