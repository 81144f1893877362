"""Sends files of any size in pieces, and goes on where it stopped when the connection or the service breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pegbox.errors import ConflictError, PegboxError, UnavailableError, UnreachableError, UnusableContentError

if TYPE_CHECKING:
    from pegbox.sdk.client import Client

PIECE_BYTES = 8 * 1024 * 1024
PIECE_SECONDS = 120.0
READ_SECONDS = 3600.0
"""How long the backend may read what has arrived: gigabytes take minutes."""

PATIENCE_SECONDS = 120.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 5.0

Progress = Callable[[int, int], None]
"""Receives bytes that are safely there, and bytes in all."""


class Uploads:
    """`client.uploads`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, upload_id: str) -> dict[str, Any]:
        """How far an upload has come. Raises NotFoundError."""
        upload: dict[str, Any] = self._client.get(f"/api/uploads/{upload_id}")
        return upload

    def send(
        self,
        path: Path,
        *,
        resume: str | None = None,
        progress: Progress | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> dict[str, Any]:
        """Brings a file, or the rest of it when `resume` names an upload, and has it checked; the finished upload.

        A service that does not answer is waited for until nothing has moved for `patience_seconds`; then UnreachableError is
        raised, and the upload can be resumed within a day.
        """
        size = path.stat().st_size
        upload = self.get(resume) if resume else self._begin(path, size)
        if upload["size"] != size:
            raise ConflictError(f"{path} has {size} bytes, the upload was begun with {upload['size']}")
        with path.open("rb") as file:
            self._send_all(file, upload, progress or _say_nothing, patience_seconds)
        return self._finish(str(upload["id"]), patience_seconds)

    def remove(self, upload_id: str) -> None:
        """Deletes an upload that is not wanted any more."""
        self._client.request("DELETE", f"/api/uploads/{upload_id}")

    def _begin(self, path: Path, size: int) -> dict[str, Any]:
        upload: dict[str, Any] = self._client.request(
            "POST", "/api/uploads", json={"name": path.name, "size": size}
        ).json()
        return upload

    def _send_all(self, file: BinaryIO, upload: dict[str, Any], progress: Progress, patience_seconds: float) -> None:
        offset, size, piece_bytes = upload["offset"], upload["size"], min(PIECE_BYTES, upload["max_piece_bytes"])
        patience = _Patience(patience_seconds)
        progress(offset, size)
        while offset < size:
            file.seek(offset)
            try:
                offset = self._send_piece(str(upload["id"]), offset, file.read(piece_bytes))
                patience.restore()
            except (ConflictError, UnavailableError, UnusableContentError) as error:
                # Not there, or not where we are: what arrived of a piece that broke off counts.
                patience.lose(error)
                known = self._offset(str(upload["id"]), offset)
                if known > offset:
                    patience.restore()
                offset = known
            progress(offset, size)

    def _send_piece(self, upload_id: str, offset: int, piece: bytes) -> int:
        answer = self._client.request(
            "PATCH",
            f"/api/uploads/{upload_id}",
            content=piece,
            headers={"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
            timeout=PIECE_SECONDS,
        )
        return int(answer.headers["Upload-Offset"])

    def _offset(self, upload_id: str, otherwise: int) -> int:
        try:
            return int(self.get(upload_id)["offset"])
        except UnavailableError:
            return otherwise

    def _finish(self, upload_id: str, patience_seconds: float) -> dict[str, Any]:
        patience = _Patience(patience_seconds)
        while True:
            try:
                answer = self._client.request("POST", f"/api/uploads/{upload_id}/finish", timeout=READ_SECONDS)
            except UnreachableError as error:
                patience.lose(error)
            else:
                upload: dict[str, Any] = answer.json()
                return upload


class _Patience:
    """Waits a little longer each time; raises the error when nothing has moved for too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restore()

    def restore(self) -> None:
        self._since = time.monotonic()
        self._pause = FIRST_PAUSE_SECONDS

    def lose(self, error: PegboxError) -> None:
        if time.monotonic() - self._since > self._seconds:
            raise error
        time.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)


def _say_nothing(_sent: int, _size: int) -> None:
    pass
