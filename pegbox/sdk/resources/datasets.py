"""Datasets of one Pegbox and their versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from pegbox.errors import NotFoundError
from pegbox.sdk.call import AsyncResource, Call, Resource, endpoint, many, nothing, one, plain, segment
from pegbox.sdk.download import saved_path
from pegbox.sdk.record import Record
from pegbox.sdk.records import Dataset
from pegbox.sdk.resources.uploads import READ_SECONDS, Progress

if TYPE_CHECKING:
    from pegbox.sdk.client import Client

UPLOAD_SECONDS = 600.0
PIECES_FROM_BYTES = 32 * 1024 * 1024
"""Larger files are sent in pieces by a client that blocks."""

ALL = "/api/datasets"


class DatasetCalls:
    """`client.datasets`."""

    @endpoint
    def get(self, name: str) -> Call[Dataset]:
        """One dataset by uid, id or name. Raises NotFoundError."""
        by_name = Call("GET", ALL, _named(name))
        return Call("GET", _path(name), one(Dataset), otherwise=by_name)

    @endpoint
    def preview(self, path: Path) -> Call[dict[str, Any]]:
        """What a CSV file holds and what is wrong with it; nothing is registered."""
        return Call("POST", "/api/preview-csv", plain, upload=Path(path), seconds=UPLOAD_SECONDS)

    @endpoint
    def register(self, /, upload_id: str, **about: Any) -> Call[Dataset]:
        """Makes a dataset of an upload that `client.uploads.send` brought; keywords are fields of `POST /api/datasets`."""
        return Call("POST", ALL, one(Dataset), body={**about, "upload_id": upload_id}, seconds=READ_SECONDS)

    @endpoint
    def rows(self, name: str, *, offset: int | None = None, limit: int | None = None) -> Call[dict[str, Any]]:
        """A page of the rows that a training can use, and how many there are."""
        return Call("GET", f"{_path(name)}/rows", plain, params={"offset": offset, "limit": limit})

    @endpoint
    def versions(self, name: str) -> Call[list[Record]]:
        """Every version, newest first."""
        return Call("GET", f"{_path(name)}/versions", many(Record, "versions"))

    @endpoint
    def register_version(self, name: str, /, upload_id: str, **about: Any) -> Call[Dataset]:
        """Makes an upload the next version of a dataset."""
        body = {**about, "upload_id": upload_id}
        return Call("POST", f"{_path(name)}/versions", one(Dataset), body=body, seconds=READ_SECONDS)

    @endpoint
    def roll_back(self, name: str, version: str, *, message: str = "") -> Call[Dataset]:
        """Makes an old version the newest one again, under a new number; nothing is copied."""
        body = {"rollback_to": version, "message": message}
        return Call("POST", f"{_path(name)}/versions", one(Dataset), body=body)

    @endpoint
    def diff(
        self,
        name: str,
        older: str,
        newer: str,
        *,
        key: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
    ) -> Call[Record]:
        """Rows that differ between two versions; `key` names a column that tells rows apart, `offset` and `limit` the page."""
        params = {"from": older, "to": newer, "key": key, "offset": offset, "limit": limit}
        return Call("GET", f"{_path(name)}/diff", one(Record), params=params)

    @endpoint
    def uses(self, name: str) -> Call[Record]:
        """The jobs and models that rest on it, each with the version it saw."""
        return Call("GET", f"{_path(name)}/uses", one(Record))

    @endpoint
    def download(self, name: str, to: Path, *, version: str | None = None) -> Call[Path]:
        """Writes a version's bytes to a file, or into a folder under the name they have; several files are a ZIP archive."""
        params = {"version": version}
        return Call("GET", f"{_path(name)}/file", saved_path, params=params, save_to=Path(to), accept="*/*")

    @endpoint
    def remove(self, name: str, *, force: bool = False) -> Call[None]:
        """Deletes a dataset. Raises ConflictError while unfinished jobs or models rest on it, unless it is `force`d."""
        return Call("DELETE", _path(name), nothing, params={"force": "true" if force else None})

    @endpoint
    def list(self) -> Call[list[Dataset]]:
        """Every dataset, newest first."""
        return Call("GET", ALL, many(Dataset))


class Datasets(DatasetCalls, Resource):
    """Of a blocking client."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._uploads = client.uploads

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
    ) -> Dataset:
        """Uploads and registers a file: CSV, JSONL, Parquet, or a ZIP archive of them. `mapping` names its columns for `input`
        and `output`; `strict` refuses what no training can use.

        A large file goes in pieces and survives a restart of the service meanwhile; `progress` then hears of bytes sent and in
        all. The same data under the same name is answered with the dataset that holds it. Other data under a taken name becomes
        a new version of it with `new_version`, else ConflictError is raised. UnusableContentError says what is wrong with a file.
        """
        path = Path(path)
        about = _about(path, name, description, mapping, message, new_version=new_version, strict=strict)
        if path.stat().st_size <= PIECES_FROM_BYTES:
            return self._client.send(_whole(ALL, path, about))
        upload = self._uploads.send(path, progress=progress)
        return self.register(upload["id"], **about)

    upload = add

    def add_version(
        self,
        name: str,
        path: Path,
        *,
        message: str = "",
        mapping: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Dataset:
        """Makes a file the next version of a dataset; files that it has already are stored only once."""
        path, about = Path(path), {"message": message, "columnMapping": dict(mapping or {})}
        if path.stat().st_size <= PIECES_FROM_BYTES:
            return self._client.send(_whole(f"{_path(name)}/versions", path, about))
        upload = self._uploads.send(path, progress=progress)
        return self.register_version(name, upload["id"], **about)


class AsyncDatasets(DatasetCalls, AsyncResource):
    """Of an async client."""

    async def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        description: str = "",
        mapping: Mapping[str, str] | None = None,
        new_version: bool = False,
        message: str = "",
        strict: bool = True,
    ) -> Dataset:
        """As `Datasets.add`, always in one piece."""
        path = Path(path)
        about = _about(path, name, description, mapping, message, new_version=new_version, strict=strict)
        return await self._client.send(_whole(ALL, path, about))

    upload = add

    async def add_version(
        self, name: str, path: Path, *, message: str = "", mapping: Mapping[str, str] | None = None
    ) -> Dataset:
        """As `Datasets.add_version`, always in one piece."""
        about = {"message": message, "columnMapping": dict(mapping or {})}
        return await self._client.send(_whole(f"{_path(name)}/versions", Path(path), about))


def _path(name: str) -> str:
    return f"{ALL}/{segment(name)}"


def _about(
    path: Path,
    name: str | None,
    description: str,
    mapping: Mapping[str, str] | None,
    message: str,
    *,
    new_version: bool,
    strict: bool,
) -> dict[str, Any]:
    about: dict[str, Any] = {"name": name or path.stem, "description": description, "message": message}
    return about | {"strict": strict, "new_version": new_version, "columnMapping": dict(mapping or {})}


def _whole(url: str, path: Path, about: Mapping[str, Any]) -> Call[Dataset]:
    """The file and what is said of it as one form."""
    form = {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items() if value}
    return Call("POST", url, one(Dataset), form=form, upload=path, seconds=UPLOAD_SECONDS)


def _named(name: str) -> Any:
    def read(response: httpx2.Response) -> Dataset:
        for record in response.json():
            if record["name"] == name:
                return Dataset(record)
        raise NotFoundError(f"Dataset not found: {name}")

    return read
