"""Experiments of one Pegbox: named groups of runs, of jobs and of scripts alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from pegbox.sdk.client import Client


class Experiments:
    """`client.experiments`. Everywhere an experiment may be named by its id or by its name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def runs(self, experiment: str, *, limit: int | None = None, offset: int | None = None) -> list[dict[str, Any]]:
        """A page of its jobs and scripts' runs, newest first."""
        runs: list[dict[str, Any]] = self._client.get(f"{_path(experiment)}/runs", limit=limit, offset=offset)["runs"]
        return runs

    def list(
        self,
        *,
        query: str | None = None,
        starred: bool | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[dict[str, Any]]:
        """A page, newest first; `query` is words of the name or the description."""
        found: list[dict[str, Any]] = self._client.get(
            "/api/experiments", q=query, starred=starred, limit=limit, offset=offset
        )
        return found

    def get(self, experiment: str) -> dict[str, Any]:
        """With its newest runs and the best of each metric. Raises NotFoundError."""
        found: dict[str, Any] = self._client.get(_path(experiment))
        return found

    def create(
        self, name: str, *, description: str = "", tags: Mapping[str, Any] | Sequence[str] = ()
    ) -> dict[str, Any]:
        """Raises ConflictError when the name is taken."""
        body = {"name": name, "description": description, "tags": _tags(tags)}
        created: dict[str, Any] = self._client.post("/api/experiments", body)
        return created

    def update(
        self,
        experiment: str,
        *,
        description: str | None = None,
        tags: Mapping[str, Any] | Sequence[str] | None = None,
        starred: bool | None = None,
    ) -> dict[str, Any]:
        """Changes what is given; `tags` replaces all of them."""
        given = {"description": description, "tags": None if tags is None else _tags(tags), "starred": starred}
        body = {name: value for name, value in given.items() if value is not None}
        changed: dict[str, Any] = self._client.request("PATCH", _path(experiment), json=body).json()
        return changed

    def best(self, experiment: str, metric: str = "validation_loss", *, direction: str | None = None) -> dict[str, Any]:
        """The best `value` and the `run` it belongs to. Raises NotFoundError when no run has a number for the metric.

        `direction` is `minimize` or `maximize`; names like `loss` and `accuracy` tell by themselves.
        """
        found: dict[str, Any] = self._client.get(f"{_path(experiment)}/best", metric=metric, direction=direction)
        return found

    def compare(
        self, experiment: str, run_ids: Sequence[str] | None = None, *, metrics: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Metrics and settings side by side, of the newest runs unless some are named."""
        body: dict[str, Any] = {"metrics": [*metrics]}
        if run_ids is not None:
            body["run_ids"] = [*run_ids]
        comparison: dict[str, Any] = self._client.post(f"{_path(experiment)}/compare", body)
        return comparison

    def remove(self, experiment: str) -> None:
        """Deletes an experiment without runs. Raises ConflictError for one that has some."""
        self._client.request("DELETE", _path(experiment))


def _path(experiment: str) -> str:
    return f"/api/experiments/{quote(experiment, safe='')}"


def _tags(tags: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    return dict(tags) if isinstance(tags, Mapping) else dict.fromkeys(tags, True)
