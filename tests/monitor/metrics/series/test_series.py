"""`GET /api/runs/{id}/series`: axes, ranges, columns, many metrics at once."""

from __future__ import annotations

import math

import pytest
from fastapi.testclient import TestClient

from pegbox.schemas.runs.metric import SeriesSet
from tests.monitor.cast import START, create_run, send, train


def test_short_series_come_as_they_are(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    seq = train(monitor_client, "run-alpha", 1, 5)["seq"]
    body = monitor_client.get("/api/runs/run-alpha/series").json()
    assert body["last_seq"] == seq
    assert body["x"] == "step"
    assert set(body["series"]) == {"train_loss", "learning_rate", "epoch"}
    loss = body["series"]["train_loss"]
    assert loss["x"] == [1, 2, 3, 4, 5]
    assert loss["mean"] == loss["min"] == loss["max"] == [1 / step for step in range(1, 6)]
    assert loss["count"] == [1] * 5
    assert loss["epoch"] == [step / 5 for step in range(1, 6)]
    assert loss["time"] == [START + step for step in range(1, 6)]
    SeriesSet.model_validate(body)


def test_long_series_keep_their_spikes(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    values = [math.sin(step / 50) for step in range(10_000)]
    values[4321] = 99.0
    values[8765] = -99.0
    for first in range(0, 10_000, 2_500):
        send(monitor_client, "run-alpha", {"y": values[first : first + 2_500]}, list(range(first, first + 2_500)))
    series = monitor_client.get("/api/runs/run-alpha/series?metrics=y&cols=100").json()["series"]["y"]
    assert len(series["x"]) == 100
    assert max(series["max"]) == 99.0
    assert min(series["min"]) == -99.0
    assert sum(series["count"]) == 10_000
    assert series["x"][-1] == 9_999


def test_range_and_metrics(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 20)
    body = monitor_client.get("/api/runs/run-alpha/series?metrics=train_loss,nothing&from=5&to=7").json()
    assert list(body["series"]) == ["train_loss"]
    assert body["series"]["train_loss"]["x"] == [5, 6, 7]


def test_over_time_and_epochs(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha", 1, 4)
    over_time = monitor_client.get("/api/runs/run-alpha/series?metrics=train_loss&x=time").json()["series"][
        "train_loss"
    ]
    assert over_time["x"] == [START + step for step in range(1, 5)]
    over_epochs = monitor_client.get("/api/runs/run-alpha/series?metrics=train_loss&x=epoch").json()["series"][
        "train_loss"
    ]
    assert over_epochs["x"] == [0.2, 0.4, 0.6, 0.8]


def test_a_clock_that_goes_back(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    points = {"step": [1, 2, 3], "time": [START, START - 3600, START + 1], "metrics": {"y": [1.0, 2.0, 3.0]}}
    body = {"writer": "w", "sequence": 1, "points": points}
    assert monitor_client.post("/api/runs/run-alpha/batches", json=body).status_code == 200
    over_time = monitor_client.get("/api/runs/run-alpha/series?x=time").json()["series"]["y"]
    assert over_time["x"] == [START - 3600, START, START + 1]
    assert over_time["mean"] == [2.0, 1.0, 3.0]
    assert monitor_client.get("/api/runs/run-alpha/series").json()["series"]["y"]["mean"] == [1.0, 2.0, 3.0]


def test_a_job_stands_for_its_newest_run(monitor_client: TestClient) -> None:
    create_run(monitor_client, "run-one", job_uid="job_1")
    create_run(monitor_client, "run-two", job_uid="job_1")
    train(monitor_client, "run-two", 1, 1)
    assert monitor_client.get("/api/runs/job_1/series").json()["series"]["train_loss"]["x"] == [1]
    assert monitor_client.get("/api/runs/job_1").json()["id"] == "run-two"


@pytest.mark.parametrize("query", ["cols=0", "cols=20001", "x=colour", "from=nan", "to=inf", "from=a"])
def test_bad_queries(monitor_client: TestClient, query: str) -> None:
    create_run(monitor_client)
    assert monitor_client.get(f"/api/runs/run-alpha/series?{query}").status_code == 422


def test_unknown_run(monitor_client: TestClient) -> None:
    assert monitor_client.get("/api/runs/nothing/series").status_code == 404
