"""Every job is a run of an experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from pegbox.settings import Settings
from pegbox.store.database import open_engine
from tests.backend.conftest import Hand
from tests.backend.experiments.test_experiments import create, refused

Json = dict[str, Any]


def test_without_a_word_it_is_the_one_of_the_jobs_name(
    client: TestClient, create_job: Callable[..., Json], hand: Hand
) -> None:
    first, second = create_job(name="Support bot"), create_job(name="Support bot")
    assert first["experiment_id"] == second["experiment_id"]
    experiment = client.get(f"/api/experiments/{first['experiment_id']}").json()
    assert (experiment["name"], experiment["run_count"]) == ("Support bot", 2)
    claimed = hand.claim()
    assert claimed is not None
    assert claimed["job"]["experiment"] == "Support bot"


def test_one_by_name_is_made_or_joined(client: TestClient, create_job: Callable[..., Json]) -> None:
    known = create(client, "known")
    assert create_job(experiment="known")["experiment_id"] == known["id"]
    assert create_job(experiment_id="known")["experiment_id"] == known["id"]
    made = create_job(experiment="made")["experiment_id"]
    assert client.get("/api/experiments/made").json()["id"] == made


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"experiment_id": "exp-none"}, "Experiment not found: exp-none"),
        ({"experiment_id": "known", "experiment": "known"}, "not both"),
        ({"experiment": "a\nb"}, "control characters"),
        ({"experiment_id": ""}, "experiment_id"),
    ],
)
def test_what_cannot_be_joined_makes_no_job(client: TestClient, fields: Json, says: str) -> None:
    create(client, "known")
    body = {"name": "x", "configuration": {"model": {"uid": "starter"}, "dataset": {"uid": "none"}}, **fields}
    refused(client.post("/api/jobs", json=body), 422, says)
    assert client.get("/api/jobs").json()["total"] == 0
    assert [found["name"] for found in client.get("/api/experiments").json()] == ["known"]


def test_a_queued_job_of_an_old_release_is_placed_when_it_is_claimed(
    client: TestClient, settings: Settings, create_job: Callable[..., Json], hand: Hand
) -> None:
    job = create_job(name="Old one", experiment="other")
    engine = open_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE job SET experiment_id = NULL"))
    engine.dispose()
    claimed = hand.claim()
    assert claimed is not None
    assert claimed["job"]["experiment"] == "Old one"
    found = client.get("/api/experiments/Old one").json()
    assert found["id"] == client.get(f"/api/jobs/{job['uid']}").json()["experiment_id"]
    assert [run["id"] for run in found["runs"]] == [job["uid"]]
