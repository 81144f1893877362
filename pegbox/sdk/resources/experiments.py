"""Experiments of one Pegbox: named groups of runs, of jobs and of scripts alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, nothing, one, segment
from pegbox.sdk.records import BestRun, Experiment, ExperimentDetail, ExperimentRun, RunComparison

ALL = "/api/experiments"


class ExperimentCalls:
    """`client.experiments`. Everywhere an experiment may be named by its id or by its name."""

    @endpoint
    def runs(
        self, experiment: str, *, limit: int | None = None, offset: int | None = None
    ) -> Call[list[ExperimentRun]]:
        """A page of its jobs and scripts' runs, newest first."""
        params = {"limit": limit, "offset": offset}
        return Call("GET", f"{_path(experiment)}/runs", many(ExperimentRun, "runs"), params=params)

    @endpoint
    def get(self, experiment: str) -> Call[ExperimentDetail]:
        """With its newest runs and the best of each metric. Raises NotFoundError."""
        return Call("GET", _path(experiment), one(ExperimentDetail))

    @endpoint
    def create(
        self, name: str, *, description: str = "", tags: Mapping[str, Any] | Sequence[str] = ()
    ) -> Call[Experiment]:
        """Raises ConflictError when the name is taken."""
        body = {"name": name, "description": description, "tags": _tags(tags)}
        return Call("POST", ALL, one(Experiment), body=body)

    @endpoint
    def update(
        self,
        experiment: str,
        *,
        description: str | None = None,
        tags: Mapping[str, Any] | Sequence[str] | None = None,
        starred: bool | None = None,
    ) -> Call[Experiment]:
        """Changes what is given; `tags` replaces all of them."""
        given = {"description": description, "tags": None if tags is None else _tags(tags), "starred": starred}
        body = {name: value for name, value in given.items() if value is not None}
        return Call("PATCH", _path(experiment), one(Experiment), body=body)

    @endpoint
    def best(self, experiment: str, metric: str = "validation_loss", *, direction: str | None = None) -> Call[BestRun]:
        """The best `value` and the `run` it belongs to. Raises NotFoundError when no run has a number for the metric.

        `direction` is `minimize` or `maximize`; names like `loss` and `accuracy` tell by themselves.
        """
        params = {"metric": metric, "direction": direction}
        return Call("GET", f"{_path(experiment)}/best", _best, params=params)

    @endpoint
    def compare(
        self, experiment: str, run_ids: Sequence[str] | None = None, *, metrics: Sequence[str] = ()
    ) -> Call[RunComparison]:
        """Metrics and settings side by side, of the newest runs unless some are named."""
        body: dict[str, Any] = {"metrics": [*metrics]}
        if run_ids is not None:
            body["run_ids"] = [*run_ids]
        return Call("POST", f"{_path(experiment)}/compare", one(RunComparison), body=body)

    @endpoint
    def remove(self, experiment: str) -> Call[None]:
        """Deletes an experiment without runs. Raises ConflictError for one that has some."""
        return Call("DELETE", _path(experiment), nothing)

    @endpoint
    def list(
        self,
        *,
        query: str | None = None,
        starred: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Call[list[Experiment]]:
        """A page, newest first; `query` is words of the name or the description."""
        params = {"q": query, "starred": starred, "limit": limit, "offset": offset}
        return Call("GET", ALL, many(Experiment), params=params)


class Experiments(ExperimentCalls, Resource):
    """Of a blocking client."""


class AsyncExperiments(ExperimentCalls, AsyncResource):
    """Of an async client."""


def _path(experiment: str) -> str:
    return f"{ALL}/{segment(experiment)}"


def _tags(tags: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    return dict(tags) if isinstance(tags, Mapping) else dict.fromkeys(tags, True)


def _best(response: httpx2.Response) -> BestRun:
    found = BestRun(response.json())
    found.run = ExperimentRun(found["run"])
    return found
