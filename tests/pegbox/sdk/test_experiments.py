"""Experiments with the SDK, against both services as processes."""

from __future__ import annotations

from pathlib import Path

import pytest

import pegbox
from pegbox.errors import ConflictError, NotFoundError
from pegbox.sdk.client import Client
from tests.stack import Stack


def test_an_experiment_from_its_first_run_to_the_best(stack: Stack, home: Path) -> None:
    with Client(stack.backend_url) as client:
        experiment = client.experiments.create("digits / first", tags=["vision"])
        assert experiment["tags"] == {"vision": True}
        with pytest.raises(ConflictError, match="already exists"):
            client.experiments.create("digits / first")
        for rate, loss in ((0.1, 0.5), (0.2, 0.25)):
            settings = {"lr": rate}
            with pegbox.init(
                experiment="digits / first", name=f"lr {rate}", config=settings, url=stack.monitor_url, home=home
            ) as run:
                run.log({"train_loss": loss}, step=1)
        key = experiment["id"]
        assert [found["name"] for found in client.experiments.runs(key)] == ["lr 0.2", "lr 0.1"]
        assert [found["name"] for found in client.experiments.runs(key, limit=1, offset=1)] == ["lr 0.1"]
        assert client.experiments.get(key)["best"]["train_loss"]["value"] == 0.25
        best = client.experiments.best(key, "train_loss")
        assert (best["value"], best["run"]["name"], best["run"]["status"]) == (0.25, "lr 0.2", "completed")
        worst = client.experiments.best(key, "train_loss", direction="maximize")
        assert worst["run"]["params"]["lr"] == 0.1
        compared = client.experiments.compare(key, [best["run"]["id"], worst["run"]["id"]], metrics=["train_loss"])
        assert [row["metrics"] for row in compared["runs"]] == [{"train_loss": 0.25}, {"train_loss": 0.5}]
        assert client.experiments.compare(key)["best"]["train_loss"]["run_id"] == best["run"]["id"]
        with pytest.raises(ConflictError, match="has 2 runs"):
            client.experiments.remove(key)


def test_stars_and_removal(stack: Stack) -> None:
    with Client(stack.backend_url) as client:
        key = client.experiments.create("empty", description="for now")["id"]
        client.experiments.create("other")
        assert client.experiments.update("empty", starred=True, tags={"n": 1})["description"] == "for now"
        assert [found["id"] for found in client.experiments.list(starred=True)] == [key]
        assert [found["name"] for found in client.experiments.list(query="OTH", limit=5)] == ["other"]
        client.experiments.remove("empty")
        with pytest.raises(NotFoundError, match="Experiment not found"):
            client.experiments.get(key)
