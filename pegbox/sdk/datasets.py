"""Datasets of one Pegbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from pegbox.errors import NotFoundError
from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, nothing, one, plain, segment
from pegbox.sdk.records import Dataset

UPLOAD_SECONDS = 600.0
ALL = "/api/datasets"


class DatasetCalls:
    """`client.datasets`."""

    @endpoint
    def get(self, name: str) -> Call[Dataset]:
        """One dataset by uid, id or name. Raises NotFoundError."""
        by_name = Call("GET", ALL, _named(name))
        return Call("GET", f"{ALL}/{segment(name)}", one(Dataset), otherwise=by_name)

    @endpoint
    def preview(self, path: Path) -> Call[dict[str, Any]]:
        """What a CSV file holds and what is wrong with it; nothing is registered."""
        return Call("POST", "/api/preview-csv", plain, upload=Path(path), seconds=UPLOAD_SECONDS)

    @endpoint
    def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        description: str = "",
        mapping: Mapping[str, str] | None = None,
        new_version: bool = False,
    ) -> Call[Dataset]:
        """Uploads and registers a CSV file; `mapping` names its columns for `input` and `output`.

        The same data under the same name is answered with the dataset that holds it. Other data under a taken name becomes a
        new version of it with `new_version`, else ConflictError is raised. UnusableContentError says what is wrong with a file.
        """
        form = {"name": name or Path(path).stem, "description": description, "strict": "true"}
        if new_version:
            form["new_version"] = "true"
        if mapping:
            form["columns"] = json.dumps(dict(mapping))
        return Call("POST", ALL, one(Dataset), form=form, upload=Path(path), seconds=UPLOAD_SECONDS)

    @endpoint
    def rows(self, name: str, *, offset: int | None = None, limit: int | None = None) -> Call[dict[str, Any]]:
        """A page of the rows that a training can use, and how many there are."""
        return Call("GET", f"{ALL}/{segment(name)}/rows", plain, params={"offset": offset, "limit": limit})

    @endpoint
    def versions(self, name: str) -> Call[list[dict[str, Any]]]:
        """The versions of a dataset, the newest first."""
        return Call("GET", f"{ALL}/{segment(name)}/versions", lambda response: response.json()["versions"])

    @endpoint
    def download(self, name: str, to: Path) -> Call[Path]:
        """Writes the newest version's file to `to`."""
        return Call("GET", f"{ALL}/{segment(name)}/file", lambda _: Path(to), save_to=Path(to), accept="*/*")

    @endpoint
    def remove(self, name: str) -> Call[None]:
        """Deletes a dataset that no job needs."""
        return Call("DELETE", f"{ALL}/{segment(name)}", nothing)

    @endpoint
    def list(self) -> Call[list[Dataset]]:
        """Every dataset, newest first."""
        return Call("GET", ALL, many(Dataset))


class Datasets(DatasetCalls, Resource):
    """Of a blocking client."""


class AsyncDatasets(DatasetCalls, AsyncResource):
    """Of an async client."""


def _named(name: str) -> Any:
    def read(response: httpx2.Response) -> Dataset:
        for record in response.json():
            if record["name"] == name:
                return Dataset(record)
        raise NotFoundError(f"Dataset not found: {name}")

    return read
