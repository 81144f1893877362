"""Experiments: named groups of runs, recorded by jobs and by scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from pegbox.sdk.call import Call, quote_segment, read_nothing, read_record, read_records
from pegbox.sdk.records import BestRun, Experiment, ExperimentDetail, ExperimentRun, RunComparison
from pegbox.sdk.resource import AsyncResource, Resource, endpoint

ROOT = "/api/experiments"


class ExperimentCalls:
    """`client.experiments`. Every method accepts an experiment's id or its name."""

    @endpoint
    def runs(
        self, experiment: str, *, limit: int | None = None, offset: int | None = None
    ) -> Call[list[ExperimentRun]]:
        """A page of the experiment's runs, newest first."""
        params = {"limit": limit, "offset": offset}
        return Call("GET", f"{_path(experiment)}/runs", read_records(ExperimentRun, "runs"), params=params)

    @endpoint
    def get(self, experiment: str) -> Call[ExperimentDetail]:
        """An experiment with its newest runs and the best run by each metric. Raises NotFoundError."""
        return Call("GET", _path(experiment), read_record(ExperimentDetail))

    @endpoint
    def create(
        self, name: str, *, description: str = "", tags: Mapping[str, Any] | Sequence[str] = ()
    ) -> Call[Experiment]:
        """Creates an experiment. Raises ConflictError when the name exists."""
        body = {"name": name, "description": description, "tags": _tags(tags)}
        return Call("POST", ROOT, read_record(Experiment), body=body)

    @endpoint
    def update(
        self,
        experiment: str,
        *,
        description: str | None = None,
        tags: Mapping[str, Any] | Sequence[str] | None = None,
        starred: bool | None = None,
    ) -> Call[Experiment]:
        """Changes the given fields; `tags` replaces all tags."""
        given = {"description": description, "tags": None if tags is None else _tags(tags), "starred": starred}
        body = {name: value for name, value in given.items() if value is not None}
        return Call("PATCH", _path(experiment), read_record(Experiment), body=body)

    @endpoint
    def best(self, experiment: str, metric: str = "validation_loss", *, direction: str | None = None) -> Call[BestRun]:
        """The best `value` of a metric and its `run`. Raises NotFoundError when no run has a finite value.

        `direction` is `minimize` or `maximize`; by default it follows from the metric's name, such as `loss` or `accuracy`.
        """
        params = {"metric": metric, "direction": direction}
        return Call("GET", f"{_path(experiment)}/best", _read_best, params=params)

    @endpoint
    def compare(
        self, experiment: str, run_ids: Sequence[str] | None = None, *, metrics: Sequence[str] = ()
    ) -> Call[RunComparison]:
        """Compares metrics and configs of the given runs, by default of the newest."""
        body: dict[str, Any] = {"metrics": [*metrics]}
        if run_ids is not None:
            body["run_ids"] = [*run_ids]
        return Call("POST", f"{_path(experiment)}/compare", read_record(RunComparison), body=body)

    @endpoint
    def remove(self, experiment: str) -> Call[None]:
        """Deletes an experiment. Raises ConflictError while it has runs."""
        return Call("DELETE", _path(experiment), read_nothing)

    @endpoint
    def list(
        self,
        *,
        query: str | None = None,
        starred: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Call[list[Experiment]]:
        """A page of experiments, newest first; `query` searches names and descriptions."""
        params = {"q": query, "starred": starred, "limit": limit, "offset": offset}
        return Call("GET", ROOT, read_records(Experiment), params=params)


class Experiments(ExperimentCalls, Resource):
    """Blocking."""


class AsyncExperiments(ExperimentCalls, AsyncResource):
    """Async."""


def _path(experiment: str) -> str:
    return f"{ROOT}/{quote_segment(experiment)}"


def _tags(tags: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    return dict(tags) if isinstance(tags, Mapping) else dict.fromkeys(tags, True)


def _read_best(response: httpx2.Response) -> BestRun:
    best = BestRun(response.json())
    best.run = ExperimentRun(best["run"])
    return best
