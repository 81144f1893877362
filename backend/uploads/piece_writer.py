"""Appends one piece to an upload's file. Only synced bytes are acknowledged."""

from __future__ import annotations

import contextlib
import fcntl
import os
from io import BufferedRandom
from pathlib import Path

from sqlalchemy import Engine

from backend.uploads import repository
from pegbox.errors import ConflictError, NotFoundError, UnusableContentError
from pegbox.store.database import begin_write, open_session
from pegbox.store.incoming import full_disk
from pegbox.store.tables import now


class PieceWriter:
    """Writes to the end of an upload's file under an exclusive file lock, which the OS releases if the process dies."""

    def __init__(self, engine: Engine, path: Path, upload_id: str, size_bytes: int) -> None:
        self._engine = engine
        self._id = upload_id
        self._size_bytes = size_bytes
        self._file: BufferedRandom = path.open("r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise ConflictError(
                "Another request is sending to this upload; wait for its end, then ask for the offset"
            ) from error
        self.offset = 0

    def seek(self, offset: int) -> None:
        """Goes to the acknowledged offset and truncates unacknowledged bytes."""
        self._file.truncate(offset)
        self._file.seek(offset)
        self.offset = offset

    def write(self, data: bytes) -> None:
        """Raises `UnusableContentError` beyond the announced size, `UnavailableError` when the disk is full."""
        if self.offset + len(data) > self._size_bytes:
            raise UnusableContentError(
                f"This piece goes beyond the {self._size_bytes} bytes that the upload was announced with"
            )
        try:
            self._file.write(data)
        except OSError as error:
            raise full_disk(error) from error
        self.offset += len(data)

    def commit(self) -> int:
        """Syncs the file, stores and returns the new offset."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise full_disk(error) from error
        with open_session(self._engine) as db:
            begin_write(db)
            upload = repository.find_upload(db, self._id)
            if upload is None:
                raise NotFoundError("Upload not found: it was deleted meanwhile")
            upload.received_bytes = self.offset
            upload.updated_at = now()
            db.add(upload)
            db.commit()
        return self.offset

    def close(self) -> None:
        """Closes the file; uncommitted bytes are discarded by the next `seek`."""
        with contextlib.suppress(OSError):
            self._file.close()
