"""Datasets of one Pegbox. Records are the wire's own dictionaries (`pegbox.schemas.dataset.DatasetView`)."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pegbox.errors import NotFoundError
from pegbox.sdk.download import write_body
from pegbox.sdk.uploads import READ_SECONDS, Progress

if TYPE_CHECKING:
    from pegbox.sdk.client import Client

UPLOAD_SECONDS = 600.0
PIECES_FROM_BYTES = 32 * 1024 * 1024
"""Larger files are sent in pieces."""


class Datasets:
    """`client.datasets`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> list[dict[str, Any]]:
        """Every dataset, newest first."""
        records: list[dict[str, Any]] = self._client.get("/api/datasets")
        return records

    def get(self, name: str) -> dict[str, Any]:
        """One dataset by uid, id or name. Raises NotFoundError."""
        try:
            record: dict[str, Any] = self._client.get(f"/api/datasets/{quote(name, safe='')}")
        except NotFoundError:
            record = next((item for item in self.list() if item["name"] == name), {})
            if not record:
                raise
        return record

    def preview(self, path: Path) -> dict[str, Any]:
        """What a CSV file holds and what is wrong with it; nothing is registered."""
        with path.open("rb") as file:
            response = self._client.request(
                "POST", "/api/preview-csv", files={"file": (path.name, file, "text/csv")}, timeout=UPLOAD_SECONDS
            )
        preview: dict[str, Any] = response.json()
        return preview

    def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        description: str = "",
        mapping: Mapping[str, str] | None = None,
        new_version: bool = False,
        message: str = "",
        strict: bool = True,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Uploads and registers a file: CSV, JSONL, Parquet, or a ZIP archive of them. `mapping` names its columns for `input`
        and `output`; `strict` refuses what no training can use.

        A large file goes in pieces and survives a restart of the service meanwhile; `progress` then hears of bytes sent and in
        all. The same data under the same name is answered with the dataset that holds it. Other data under a taken name becomes
        a new version of it with `new_version`, else ConflictError is raised. UnusableContentError says what is wrong with a file.
        """
        about: dict[str, Any] = {"name": name or path.stem, "description": description, "message": message}
        about |= {"strict": strict, "new_version": new_version, "columnMapping": dict(mapping or {})}
        if path.stat().st_size > PIECES_FROM_BYTES:
            upload = self._client.uploads.send(path, progress=progress)
            return self.register(upload["id"], **about)
        return self._post("/api/datasets", path, about)

    upload = add

    def register(self, upload_id: str, **about: Any) -> dict[str, Any]:
        """Makes a dataset of an upload that `client.uploads.send` brought; keywords are fields of `POST /api/datasets`."""
        return self._register("/api/datasets", {**about, "upload_id": upload_id})

    def add_version(
        self,
        dataset: str,
        path: Path,
        *,
        message: str = "",
        mapping: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Makes a file the next version of a dataset; files that it has already are stored only once."""
        url = f"{self._path(dataset)}/versions"
        about: dict[str, Any] = {"message": message, "columnMapping": dict(mapping or {})}
        if path.stat().st_size > PIECES_FROM_BYTES:
            upload = self._client.uploads.send(path, progress=progress)
            return self._register(url, {**about, "upload_id": upload["id"]})
        return self._post(url, path, about)

    def versions(self, dataset: str) -> builtins.list[dict[str, Any]]:
        """Every version, newest first."""
        found: builtins.list[dict[str, Any]] = self._client.get(f"{self._path(dataset)}/versions")["versions"]
        return found

    def roll_back(self, dataset: str, version: str, *, message: str = "") -> dict[str, Any]:
        """Makes an old version the newest one again, under a new number; nothing is copied."""
        body = {"rollback_to": version, "message": message}
        record: dict[str, Any] = self._client.post(f"{self._path(dataset)}/versions", body)
        return record

    def diff(self, dataset: str, older: str, newer: str, *, key: str | None = None, **page: Any) -> dict[str, Any]:
        """Rows that differ between two versions; `key` names a column that tells rows apart, `offset` and `limit` the page."""
        params = {"from": older, "to": newer, "key": key, **page}
        found: dict[str, Any] = self._client.get(f"{self._path(dataset)}/diff", **params)
        return found

    def uses(self, dataset: str) -> dict[str, Any]:
        """The jobs and models that rest on it, each with the version it saw."""
        found: dict[str, Any] = self._client.get(f"{self._path(dataset)}/uses")
        return found

    def download(self, dataset: str, target: Path, *, version: str | None = None) -> Path:
        """Writes a version's bytes to a file, or into a folder under the name they have; several files are a ZIP archive."""
        params = {"version": version} if version else {}
        with self._client.stream("GET", f"{self._path(dataset)}/file", params=params) as response:
            return write_body(response, target)

    def remove(self, name: str, *, force: bool = False) -> None:
        """Deletes a dataset. Raises ConflictError while unfinished jobs or models rest on it, unless it is `force`d."""
        params = {"force": "true"} if force else None
        self._client.request("DELETE", self._path(name), params=params)

    def _path(self, name: str) -> str:
        return f"/api/datasets/{quote(name, safe='')}"

    def _register(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        record: dict[str, Any] = self._client.request("POST", url, json=dict(body), timeout=READ_SECONDS).json()
        return record

    def _post(self, url: str, path: Path, about: Mapping[str, Any]) -> dict[str, Any]:
        fields = {
            key: json.dumps(value) if not isinstance(value, str) else value for key, value in about.items() if value
        }
        with path.open("rb") as file:
            files = {"file": (path.name, file, "application/octet-stream")}
            response = self._client.request("POST", url, files=files, data=fields, timeout=UPLOAD_SECONDS)
        record: dict[str, Any] = response.json()
        return record
