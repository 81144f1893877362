"""Uploads files of any size in chunks; resumes when the connection breaks or the service restarts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from pegbox.errors import ConflictError, PegboxError, UnavailableError, UnreachableError, UnusableContentError
from pegbox.sdk.resource import BlockingClient

CHUNK_BYTES = 8 * 1024 * 1024
CHUNK_SECONDS = 120.0
PROCESSING_SECONDS = 3600.0
"""Timeout for the request after which the backend reads the whole file: gigabytes take minutes."""

PATIENCE_SECONDS = 120.0
FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS = 0.25, 5.0

UploadProgress = Callable[[int, int], None]
"""Called with the number of bytes stored and the size of the file."""


class Uploads:
    """`client.uploads`."""

    def __init__(self, client: BlockingClient) -> None:
        self._client = client

    def get(self, upload_id: str) -> dict[str, Any]:
        """The state of an upload. Raises NotFoundError."""
        upload: dict[str, Any] = self._client.request("GET", f"/api/uploads/{upload_id}").json()
        return upload

    def send(
        self,
        path: Path,
        *,
        resume: str | None = None,
        progress: UploadProgress | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> dict[str, Any]:
        """Uploads a file, or the rest of the file when `resume` is the id of an upload. Returns the finished upload.

        Retries while the service does not respond. Raises UnreachableError after `patience_seconds` without progress; the upload
        can then be resumed within a day.
        """
        size = path.stat().st_size
        upload = self.get(resume) if resume else self._create(path, size)
        if upload["size"] != size:
            raise ConflictError(f"{path} has {size} bytes, the upload was begun with {upload['size']}")
        with path.open("rb") as file:
            self._send_chunks(file, upload, progress or _ignore_progress, patience_seconds)
        return self._finish(str(upload["id"]), patience_seconds)

    def remove(self, upload_id: str) -> None:
        """Deletes an unfinished upload."""
        self._client.request("DELETE", f"/api/uploads/{upload_id}")

    def _create(self, path: Path, size: int) -> dict[str, Any]:
        upload: dict[str, Any] = self._client.request(
            "POST", "/api/uploads", json={"name": path.name, "size": size}
        ).json()
        return upload

    def _send_chunks(
        self, file: BinaryIO, upload: dict[str, Any], progress: UploadProgress, patience_seconds: float
    ) -> None:
        offset, size, chunk_bytes = upload["offset"], upload["size"], min(CHUNK_BYTES, upload["max_piece_bytes"])
        retries = _Retries(patience_seconds)
        progress(offset, size)
        while offset < size:
            file.seek(offset)
            try:
                offset = self._send_chunk(str(upload["id"]), offset, file.read(chunk_bytes))
                retries.reset()
            except (ConflictError, UnavailableError, UnusableContentError) as error:
                # The service may have stored a part of the chunk: continue at the offset that it reports.
                retries.wait(error)
                stored = self._stored_offset(str(upload["id"]), offset)
                if stored > offset:
                    retries.reset()
                offset = stored
            progress(offset, size)

    def _send_chunk(self, upload_id: str, offset: int, chunk: bytes) -> int:
        answer = self._client.request(
            "PATCH",
            f"/api/uploads/{upload_id}",
            content=chunk,
            headers={"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
            timeout=CHUNK_SECONDS,
        )
        return int(answer.headers["Upload-Offset"])

    def _stored_offset(self, upload_id: str, default: int) -> int:
        try:
            return int(self.get(upload_id)["offset"])
        except UnavailableError:
            return default

    def _finish(self, upload_id: str, patience_seconds: float) -> dict[str, Any]:
        retries = _Retries(patience_seconds)
        while True:
            try:
                answer = self._client.request("POST", f"/api/uploads/{upload_id}/finish", timeout=PROCESSING_SECONDS)
            except UnreachableError as error:
                retries.wait(error)
            else:
                upload: dict[str, Any] = answer.json()
                return upload


class _Retries:
    """Delays that double until `reset`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.reset()

    def reset(self) -> None:
        self._since = time.monotonic()
        self._delay = FIRST_DELAY_SECONDS

    def wait(self, error: PegboxError) -> None:
        """Sleeps before the next attempt. Raises `error` when the time since the last `reset` is up."""
        if time.monotonic() - self._since > self._seconds:
            raise error
        time.sleep(self._delay)
        self._delay = min(self._delay * 2, MAX_DELAY_SECONDS)


def _ignore_progress(_sent: int, _size: int) -> None:
    pass
