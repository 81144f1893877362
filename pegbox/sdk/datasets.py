"""Datasets of one Pegbox. Records are the wire's own dictionaries (`pegbox.schemas.dataset.DatasetView`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pegbox.errors import NotFoundError

if TYPE_CHECKING:
    from pegbox.sdk.client import Client

UPLOAD_SECONDS = 600.0


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
    ) -> dict[str, Any]:
        """Uploads and registers a CSV file; `mapping` names its columns for `input` and `output`.

        The same data under the same name is answered with the dataset that holds it. Other data under a taken name becomes a
        new version of it with `new_version`, else ConflictError is raised. UnusableContentError says what is wrong with a file.
        """
        fields = {"name": name or path.stem, "description": description, "strict": "true"}
        if new_version:
            fields["new_version"] = "true"
        if mapping:
            fields["columns"] = json.dumps(dict(mapping))
        with path.open("rb") as file:
            response = self._client.request(
                "POST",
                "/api/datasets",
                files={"file": (path.name, file, "text/csv")},
                data=fields,
                timeout=UPLOAD_SECONDS,
            )
        record: dict[str, Any] = response.json()
        return record

    def remove(self, name: str) -> None:
        """Deletes a dataset that no job needs."""
        self._client.request("DELETE", f"/api/datasets/{quote(name, safe='')}")
