"""One piece of an upload on its way to the disk: what is acknowledged has been synced, what is not does not count."""

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


class Piece:
    """The open end of an upload's file. One at a time: the lock goes with the process, however that ends."""

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
        """Begins at the acknowledged offset; what a crash left behind it is cut off."""
        self._file.truncate(offset)
        self._file.seek(offset)
        self.offset = offset

    def write(self, data: bytes) -> None:
        """Raises UnusableContentError for more than was announced, UnavailableError when the disk is full."""
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
        """Syncs, then acknowledges: the new offset."""
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
        """What was not committed does not count."""
        with contextlib.suppress(OSError):
            self._file.close()
