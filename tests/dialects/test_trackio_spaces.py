"""The ten functions of a Trackio Space, and how demonstrations are kept apart from what is real."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.monitor.cast import create_run, train


def call(client: TestClient, name: str, *data: Any) -> Any:
    answer = client.post(f"/gradio_api/call/{name}", json={"data": data})
    text = client.get(f"/gradio_api/call/{name}/{answer.json()['event_id']}").text
    kind, content = text.strip().split("\n")
    assert kind == "event: complete", text
    return json.loads(content.removeprefix("data: "))[0]


def refused(client: TestClient, name: str, *data: Any) -> str:
    answer = client.post(f"/gradio_api/call/{name}", json={"data": data})
    text = client.get(f"/gradio_api/call/{name}/{answer.json()['event_id']}").text
    assert text.startswith("event: error\n"), text
    message: str = json.loads(text.split("data: ")[1])["error"]
    return message


def new(client: TestClient, name: str = "my_experiment", description: str = "Test experiment") -> str:
    found = re.search(r"exp_\d{8}_\d{6}", call(client, "create_experiment_interface", name, description))
    assert found
    return found[0]


def ids(text: str) -> list[str]:
    return re.findall(r"exp_\d{8}_\d{6}", text)


def test_an_experiment_from_beginning_to_end(monitor_client: TestClient) -> None:
    client = monitor_client
    experiment = new(client)
    call(client, "log_metrics_interface", experiment, '{"loss": 1.234, "accuracy": 0.85}', "100")
    call(client, "log_metrics_interface", experiment, '{"loss": 1.0}', "")
    call(client, "log_metrics_interface", experiment, {"loss": 0.5}, 300)
    call(client, "log_parameters_interface", experiment, '{"learning_rate": 2e-5, "batch_size": 8}')
    assert "now completed" in call(client, "update_experiment_status_interface", experiment, "completed")
    details = call(client, "get_experiment_details", experiment).split("\n")
    assert details[:4] == [
        f"ID: {experiment}", "Name: my_experiment", "Description: Test experiment", "Status: completed"
    ]  # fmt: skip
    assert {"Parameter batch_size: 8", "Metric loss: 0.5 at step 300"} <= set(details)
    run = client.get(f"/api/runs/{experiment}").json()
    assert (run["status"], run["config"]["learning_rate"], run["experiment"]) == ("finished", 2e-5, "trackio")
    assert client.get(f"/api/runs/{experiment}/series?metrics=loss").json()["series"]["loss"]["x"] == [100, 101, 300]


def test_two_in_one_second_have_two_ids(monitor_client: TestClient) -> None:
    created = [new(monitor_client, f"number {number}") for number in range(5)]
    assert len(set(created)) == 5
    assert set(ids(call(monitor_client, "list_experiments_interface"))) == set(created)


def test_plots_are_figures(monitor_client: TestClient) -> None:
    client = monitor_client
    first, second = new(client, "one"), new(client, "two")
    for experiment, value in ((first, 1.0), (second, 2.0)):
        for step in (1, 2):
            call(client, "log_metrics_interface", experiment, json.dumps({"loss": value / step}), str(step))
    value = call(client, "create_metrics_plot", first)
    assert value["type"] == "plotly"
    [curve] = json.loads(value["plot"])["data"]
    assert (curve["x"], curve["y"], curve["name"]) == ([1, 2], [1.0, 0.5], "loss")
    both = json.loads(call(client, "create_experiment_comparison", f"{first}, {second}")["plot"])
    assert [(curve["name"], curve["y"]) for curve in both["data"]] == [
        ("one: loss", [1.0, 0.5]),
        ("two: loss", [2.0, 1.0]),
    ]
    empty = json.loads(call(client, "create_metrics_plot", first, "nothing")["plot"])
    assert empty["data"] == []
    assert "no values of nothing" in empty["layout"]["title"]["text"]


def test_runs_of_the_sdk_can_be_asked_for(monitor_client: TestClient) -> None:
    create_run(monitor_client)
    train(monitor_client, "run-alpha")
    assert "Metric train_loss: 0.2 at step 5" in call(monitor_client, "get_experiment_details", "run-alpha")
    [curve] = json.loads(call(monitor_client, "create_metrics_plot", "run-alpha", "loss")["plot"])["data"]
    assert curve["name"] == "train_loss"


def test_made_up_numbers_never_meet_real_ones(monitor_client: TestClient) -> None:
    client = monitor_client
    real = new(client, "real")
    call(client, "log_metrics_interface", real, '{"loss": 1.0}', "1")
    [demo, *_] = ids(call(client, "create_demo_experiment"))
    simulated = next(one for one in ids(call(client, "simulate_training_data", real)) if one != real)

    assert client.get(f"/api/runs/{real}/series").json()["series"]["loss"]["x"] == [1]
    for made_up in (demo, simulated):
        assert client.get(f"/api/runs/{made_up}").json()["tags"] == ["demo"]
        assert "[demo]" in call(client, "get_experiment_details", made_up)
        assert "[demo]" in call(client, "create_metrics_plot", made_up)["plot"]
        assert "demonstration" in refused(client, "log_metrics_interface", made_up, '{"loss": 1.0}', "1")

    assert [run["id"] for run in client.get("/api/runs").json()] == [real]
    assert ids(call(client, "list_experiments_interface")) == [real]
    assert call(client, "get_all_projects") == ["trackio"]
    assert call(client, "get_runs_for_project", "demo") == []
    asked = {run["id"] for run in client.get("/api/runs?demo=true").json()}
    assert asked == {run["id"] for run in client.get("/api/runs?tag=demo").json()} | {real} == {real, demo, simulated}


def test_a_demonstration_is_not_what_the_monitor_looks_at(monitor_client: TestClient) -> None:
    call(monitor_client, "create_demo_experiment")
    assert monitor_client.get("/api/training/losses/current").status_code == 503


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("create_experiment_interface", ["", ""], "at least 1 character"),
        ("create_experiment_interface", ["x" * 300, ""], "at most 200"),
        ("create_experiment_interface", ["two\nlines", ""], "control characters"),
        ("log_metrics_interface", ["exp_123", "{}", "1"], "Experiment not found: exp_123"),
        ("create_experiment_comparison", [""], "1 to 20 ids"),
        ("update_experiment_status_interface", ["EXPERIMENT", "sleeping"], "is none of running"),
        ("log_metrics_interface", ["EXPERIMENT", "[1]", "1"], "must be a JSON object"),
        ("log_metrics_interface", ["EXPERIMENT", "{}", "1"], "no values"),
        ("log_metrics_interface", ["EXPERIMENT", '{"a": 1}', "1.5"], "not a whole number"),
        ("log_metrics_interface", ["EXPERIMENT", '{"a": 1}', "1e400"], "not a whole number"),
        ("log_metrics_interface", ["EXPERIMENT", "[" * 100_000, "1"], "not JSON"),
        ("log_parameters_interface", ["EXPERIMENT", '{"a": NaN}'], "must not contain NaN"),
    ],
)
def test_what_is_refused(monitor_client: TestClient, name: str, data: list[str], reason: str) -> None:
    experiment = new(monitor_client)
    given = [experiment if item == "EXPERIMENT" else item for item in data]
    assert reason in refused(monitor_client, name, *given)
