"""Datasets and their versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from pegbox.errors import NotFoundError
from pegbox.sdk.call import Call, quote_segment, read_json, read_nothing, read_record, read_records
from pegbox.sdk.download import saved_path
from pegbox.sdk.records import Dataset, Record
from pegbox.sdk.resource import AsyncResource, BlockingClient, Resource, endpoint
from pegbox.sdk.resources.uploads import PROCESSING_SECONDS, UploadProgress, Uploads

UPLOAD_SECONDS = 600.0
MAX_SINGLE_REQUEST_BYTES = 32 * 1024 * 1024
"""The blocking client uploads larger files in chunks."""

ROOT = "/api/datasets"


class DatasetCalls:
    """`client.datasets`."""

    @endpoint
    def get(self, name: str) -> Call[Dataset]:
        """One dataset by uid, id or name. Raises NotFoundError."""
        by_name = Call("GET", ROOT, _read_named(name))
        return Call("GET", _path(name), read_record(Dataset), fallback=by_name)

    @endpoint
    def preview(self, path: Path) -> Call[dict[str, Any]]:
        """The columns, first rows, statistics and errors of a CSV file. Registers nothing."""
        return Call("POST", "/api/preview-csv", read_json, upload=Path(path), timeout_seconds=UPLOAD_SECONDS)

    @endpoint
    def register(self, /, upload_id: str, **fields: Any) -> Call[Dataset]:
        """Registers a finished upload of `client.uploads.send` as a dataset; keywords are fields of `POST /api/datasets`."""
        return Call(
            "POST",
            ROOT,
            read_record(Dataset),
            body={**fields, "upload_id": upload_id},
            timeout_seconds=PROCESSING_SECONDS,
        )

    @endpoint
    def rows(self, name: str, *, offset: int | None = None, limit: int | None = None) -> Call[dict[str, Any]]:
        """A page of the rows that training can use, and their total number."""
        return Call("GET", f"{_path(name)}/rows", read_json, params={"offset": offset, "limit": limit})

    @endpoint
    def versions(self, name: str) -> Call[list[Record]]:
        """All versions, newest first."""
        return Call("GET", f"{_path(name)}/versions", read_records(Record, "versions"))

    @endpoint
    def register_version(self, name: str, /, upload_id: str, **fields: Any) -> Call[Dataset]:
        """Registers a finished upload as the next version of a dataset."""
        body = {**fields, "upload_id": upload_id}
        return Call(
            "POST", f"{_path(name)}/versions", read_record(Dataset), body=body, timeout_seconds=PROCESSING_SECONDS
        )

    @endpoint
    def roll_back(self, name: str, version: str, *, message: str = "") -> Call[Dataset]:
        """Makes an old version the newest again, under a new number. Copies no files."""
        body = {"rollback_to": version, "message": message}
        return Call("POST", f"{_path(name)}/versions", read_record(Dataset), body=body)

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
        """A page of the rows that differ between two versions; `key` names a column that identifies rows."""
        params = {"from": older, "to": newer, "key": key, "offset": offset, "limit": limit}
        return Call("GET", f"{_path(name)}/diff", read_record(Record), params=params)

    @endpoint
    def uses(self, name: str) -> Call[Record]:
        """The jobs and models that use a dataset, each with the version used."""
        return Call("GET", f"{_path(name)}/uses", read_record(Record))

    @endpoint
    def download(self, name: str, to: Path, *, version: str | None = None) -> Call[Path]:
        """Downloads a version to a file, or into a folder under its own name; a version of several files is a ZIP archive."""
        params = {"version": version}
        return Call("GET", f"{_path(name)}/file", saved_path, params=params, save_to=Path(to), accept="*/*")

    @endpoint
    def remove(self, name: str, *, force: bool = False) -> Call[None]:
        """Deletes a dataset. Raises ConflictError while unfinished jobs or models use it, unless `force` is set."""
        return Call("DELETE", _path(name), read_nothing, params={"force": "true" if force else None})

    @endpoint
    def list(self) -> Call[list[Dataset]]:
        """All datasets, newest first."""
        return Call("GET", ROOT, read_records(Dataset))


class Datasets(DatasetCalls, Resource):
    """Blocking."""

    def __init__(self, client: BlockingClient, uploads: Uploads) -> None:
        super().__init__(client)
        self._uploads = uploads

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
        progress: UploadProgress | None = None,
    ) -> Dataset:
        """Uploads and registers a file: CSV, JSONL, Parquet, or a ZIP archive of such files.

        `mapping` names the columns to use as `input` and `output`; `strict` refuses rows that training cannot use. A large file
        is uploaded in chunks, which survives a restart of the service, and `progress` is called after each chunk. The same data
        under the same name returns the existing dataset. Other data under an existing name becomes its next version with
        `new_version`. Raises ConflictError otherwise, UnusableContentError for a file that cannot be used.
        """
        path = Path(path)
        fields = _form_fields(path, name, description, mapping, message, new_version=new_version, strict=strict)
        if path.stat().st_size <= MAX_SINGLE_REQUEST_BYTES:
            return self._client.send(_upload_call(ROOT, path, fields))
        upload = self._uploads.send(path, progress=progress)
        return self.register(upload["id"], **fields)

    upload = add

    def add_version(
        self,
        name: str,
        path: Path,
        *,
        message: str = "",
        mapping: Mapping[str, str] | None = None,
        progress: UploadProgress | None = None,
    ) -> Dataset:
        """Uploads a file as the next version of a dataset. Files with known content are stored only once."""
        path, fields = Path(path), {"message": message, "columnMapping": dict(mapping or {})}
        if path.stat().st_size <= MAX_SINGLE_REQUEST_BYTES:
            return self._client.send(_upload_call(f"{_path(name)}/versions", path, fields))
        upload = self._uploads.send(path, progress=progress)
        return self.register_version(name, upload["id"], **fields)


class AsyncDatasets(DatasetCalls, AsyncResource):
    """Async."""

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
        """As `Datasets.add`, always in one request."""
        path = Path(path)
        fields = _form_fields(path, name, description, mapping, message, new_version=new_version, strict=strict)
        return await self._client.send(_upload_call(ROOT, path, fields))

    upload = add

    async def add_version(
        self, name: str, path: Path, *, message: str = "", mapping: Mapping[str, str] | None = None
    ) -> Dataset:
        """As `Datasets.add_version`, always in one request."""
        fields = {"message": message, "columnMapping": dict(mapping or {})}
        return await self._client.send(_upload_call(f"{_path(name)}/versions", Path(path), fields))


def _path(name: str) -> str:
    return f"{ROOT}/{quote_segment(name)}"


def _form_fields(
    path: Path,
    name: str | None,
    description: str,
    mapping: Mapping[str, str] | None,
    message: str,
    *,
    new_version: bool,
    strict: bool,
) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": name or path.stem, "description": description, "message": message}
    return fields | {"strict": strict, "new_version": new_version, "columnMapping": dict(mapping or {})}


def _upload_call(url: str, path: Path, fields: Mapping[str, Any]) -> Call[Dataset]:
    """Sends the file and its fields as one multipart form."""
    form = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items() if value}
    return Call("POST", url, read_record(Dataset), form=form, upload=path, timeout_seconds=UPLOAD_SECONDS)


def _read_named(name: str) -> Any:
    def read(response: httpx2.Response) -> Dataset:
        for record in response.json():
            if record["name"] == name:
                return Dataset(record)
        raise NotFoundError(f"Dataset not found: {name}")

    return read
