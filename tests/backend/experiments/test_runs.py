"""Runs of scripts and of jobs in one list; the best of them; some side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.backend.conftest import Hand
from tests.backend.experiments.test_experiments import refused

Json = dict[str, Any]


def ids(client: TestClient, experiment: str, **params: Any) -> list[str]:
    return [run["id"] for run in client.get(f"/api/experiments/{experiment}/runs", params=params).json()["runs"]]


def test_runs_of_scripts_are_listed_newest_first(client: TestClient, digits: str) -> None:
    page = client.get(f"/api/experiments/{digits}/runs", params={"limit": 2, "offset": 1}).json()
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 1)
    diverged, made_up = page["runs"]
    assert (diverged["id"], diverged["name"], diverged["status"]) == ("diverged", "Diverged", "completed")
    assert diverged["metrics"]["validation_loss"] in (None, "NaN")
    assert made_up["tags"] == ["demo"]
    assert ids(client, digits) == ["words", "diverged", "made-up", "better", "good"]
    refused(client.get(f"/api/experiments/{digits}/runs", params={"limit": 501}), 422, "limit")


def test_a_job_keeps_its_place_and_its_id_when_its_run_begins(
    client: TestClient, monitor_client: TestClient, digits: str, create_job: Callable[..., Json], hand: Hand
) -> None:
    job = create_job(experiment="digits", hyperparameters={"epochs": 2})
    monitor_client.post("/api/runs", json={"id": "later", "experiment": "digits"})
    before = ids(client, digits)
    assert before[:3] == ["later", job["uid"], "words"]
    claimed = hand.claim()
    assert claimed is not None
    monitor_client.post(
        "/api/runs", json={"id": claimed["job"]["run_id"], "job_uid": job["uid"], "experiment": "digits"}
    )
    assert ids(client, digits) == before
    assert client.get(f"/api/experiments/{digits}").json()["run_count"] == 7
    # The run outlives its job.
    hand.report("cancelled")
    client.post(f"/api/jobs/{job['uid']}/cancel")
    hand.report("cancelled")
    assert client.delete(f"/api/jobs/{job['uid']}").status_code == 200
    assert claimed["job"]["run_id"] in ids(client, digits)
    assert client.get(f"/api/experiments/{digits}").json()["run_count"] == 7


def test_the_best_has_a_real_number(client: TestClient, digits: str) -> None:
    """Not a demonstration's, not a NaN, not a text; and only where the name tells which way is better."""
    found = client.get(f"/api/experiments/{digits}").json()["best"]
    assert found == {
        "validation_loss": {"value": 0.39, "run_id": "better"},
        "accuracy": {"value": 0.7, "run_id": "good"},
    }
    best = client.get(f"/api/experiments/{digits}/best").json()
    assert (best["metric"], best["direction"], best["value"]) == ("validation_loss", "minimize", 0.39)
    assert (best["run"]["id"], best["run"]["params"]["lr"]) == ("better", 0.2)


def test_the_best_of_a_metric_may_be_the_greatest(client: TestClient, digits: str) -> None:
    path = f"/api/experiments/{digits}/best"
    assert client.get(path, params={"metric": "accuracy"}).json()["run"]["id"] == "good"
    assert client.get(path, params={"metric": "accuracy", "direction": "minimize"}).json()["run"]["id"] == "better"
    assert client.get(path, params={"metric": "grad_norm", "direction": "minimize"}).json()["value"] == 2.0
    refused(client.get(path, params={"metric": "grad_norm"}), 422, "minimize or maximize 'grad_norm'")
    refused(client.get(path, params={"metric": "f1"}), 404, "has a number for metric 'f1'")
    refused(client.get(path, params={"metric": "f1", "direction": "up"}), 422, "direction")


def test_of_equal_values_the_first_is_the_best(client: TestClient, monitor_client: TestClient) -> None:
    for name in ("b", "a"):
        monitor_client.post("/api/runs", json={"id": name, "experiment": "ties"})
        monitor_client.patch(f"/api/runs/{name}", json={"summary": {"accuracy": 1}})
    assert client.get("/api/experiments/ties").json()["best"]["accuracy"] == {"value": 1.0, "run_id": "b"}
    assert client.get("/api/experiments/ties/best", params={"metric": "accuracy"}).json()["run"]["id"] == "b"


def test_runs_are_compared(client: TestClient, digits: str) -> None:
    found = client.post(f"/api/experiments/{digits}/compare", json={"run_ids": ["good", "better"]}).json()
    assert [run["id"] for run in found["runs"]] == ["good", "better"]
    assert found["metrics"] == ["accuracy", "validation_loss"]
    assert found["runs"][0]["metrics"] == {"accuracy": 0.7, "validation_loss": 0.41}
    assert found["differences"] == ["lr"]
    assert found["best"]["validation_loss"] == {"value": 0.39, "run_id": "better"}


def test_unasked_all_but_demonstrations_are_compared(client: TestClient, digits: str) -> None:
    found = client.post(f"/api/experiments/{digits}/compare", json={"metrics": ["accuracy"]}).json()
    assert [run["id"] for run in found["runs"]] == ["words", "diverged", "better", "good"]
    assert [run["metrics"]["accuracy"] for run in found["runs"]] == [None, None, 0.6, 0.7]
    assert found["best"] == {"accuracy": {"value": 0.7, "run_id": "good"}}


@pytest.mark.parametrize(
    ("run_ids", "status", "says"),
    [
        (["good", "made-up"], 422, "'made-up' is a demonstration"),
        (["good", "nobody"], 404, "has no run 'nobody'"),
        ([], 422, "run_ids"),
        ([str(number) for number in range(51)], 422, "run_ids"),
    ],
)
def test_what_cannot_be_compared(client: TestClient, digits: str, run_ids: list[str], status: int, says: str) -> None:
    refused(client.post(f"/api/experiments/{digits}/compare", json={"run_ids": run_ids}), status, says)


def test_a_run_of_another_experiment_is_not_compared(
    client: TestClient, monitor_client: TestClient, digits: str
) -> None:
    monitor_client.post("/api/runs", json={"id": "stranger", "experiment": "letters"})
    refused(client.post(f"/api/experiments/{digits}/compare", json={"run_ids": ["stranger"]}), 404, "'stranger'")
