"""The REST client against a real backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbox.errors import ConflictError, NotFoundError, ValidationError
from pegbox.sdk.client import Client
from tests.stack import Stack

ROWS = "input,output\n" + "".join(f"What is {n} plus 1?,{n + 1}\n" for n in range(20))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sums.csv"
    path.write_text(ROWS)
    return path


def test_a_job_from_a_file(stack: Stack, file: Path) -> None:
    with Client(stack.backend_url) as client:
        dataset = client.datasets.add(file, name="Sums")
        job = client.jobs.create(name="First", model="starter", dataset=dataset["uid"], hyperparameters={"epochs": 1})
        assert job["state"] == "queued"
        # People read names; uids stay beside them.
        assert job["configuration"]["dataset"] == {"uid": dataset["uid"], "name": "Sums"}
        assert job["configuration"]["model"] == {"uid": "starter", "name": "Starter"}
        assert [found["uid"] for found in client.jobs.list(status="queued")] == [job["uid"]]
        assert client.jobs.pause(job["uid"])["state"] == "paused"
        assert client.jobs.resume(job["uid"])["state"] == "queued"
        assert client.jobs.cancel(job["uid"])["state"] == "cancelled"
        with pytest.raises(ConflictError):
            client.jobs.cancel(job["uid"])
        client.jobs.remove(job["uid"])
        with pytest.raises(NotFoundError):
            client.jobs.get(job["uid"])


def test_what_cannot_be_resolved_is_named(stack: Stack, file: Path) -> None:
    with Client(stack.backend_url) as client:
        dataset = client.datasets.add(file)
        assert client.datasets.get("sums")["uid"] == dataset["uid"]
        with pytest.raises(ValidationError, match="Model UID not found: nobody/nothing"):
            client.jobs.create(name="Second", model="nobody/nothing", dataset=dataset["uid"])
