"""The REST client against a real backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbox import AsyncClient, Client
from pegbox.errors import ConflictError, NotFoundError, ValidationError
from tests.event_loop import run
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
        # Names are for people; the uids remain available.
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


def test_every_resource_of_both_clients(stack: Stack, file: Path, tmp_path: Path) -> None:
    """The same calls, blocking and async, with the same results."""

    async def asked() -> list[object]:
        async with AsyncClient(stack.backend_url, monitor_url=stack.monitor_url) as client:
            assert await client.datasets.download("sums", tmp_path / "second.csv") == tmp_path / "second.csv"
            return [
                await client.datasets.list(),
                await client.datasets.get("Sums & more"),
                await client.datasets.versions("sums"),
                (await client.datasets.rows("sums", limit=1))["rows"],
                await client.models.exists("starter"),
                await client.models.get("starter"),
                await client.jobs.list(),
                (await client.jobs.statistics()).total,
                await client.experiments.list(),
                await client.gpus(),
                (await client.metrics()).network_io.keys(),
                (await client.health()).status,
                (await client.machine.monitor_health()).status,
                await client.machine.workers(),
                await client.runs.list(),
                (await client.training.mode()).keys(),
                await client.workflow.validate(),
            ]

    with Client(stack.backend_url, monitor_url=stack.monitor_url) as client:
        added = client.datasets.add(file, name="Sums & more")
        assert (added.id, added["rows"]) == ("sums-more", 20)
        client.datasets.add(file, name="sums")
        assert client.datasets.download("sums", tmp_path / "first.csv").read_text() == ROWS
        with pytest.raises(NotFoundError, match="nobody"):
            client.datasets.get("nobody")
        answers: list[object] = [
            client.datasets.list(),
            client.datasets.get("Sums & more"),
            client.datasets.versions("sums"),
            client.datasets.rows("sums", limit=1)["rows"],
            client.models.exists("starter"),
            client.models.get("starter"),
            client.jobs.list(),
            client.jobs.statistics().total,
            client.experiments.list(),
            client.gpus(),
            client.metrics().network_io.keys(),
            client.health().status,
            client.machine.monitor_health().status,
            client.machine.workers(),
            client.runs.list(),
            client.training.mode().keys(),
            client.workflow.validate(),
        ]
        model = client.models.get("starter")
        assert model.name == model["name"] == "Starter"
        assert model.performance == model["performance"]
        with pytest.raises(AttributeError, match="no 'colour'"):
            _ = model.colour
        assert client.jobs.get.__doc__ == "One job. Raises NotFoundError."
    assert run(asked()) == answers
    assert (tmp_path / "second.csv").read_text() == ROWS
