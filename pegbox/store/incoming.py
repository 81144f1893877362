"""Content-addressed files: a file is stored once under the SHA-256 of its bytes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from pathlib import Path

from pegbox.errors import UnavailableError


class Incoming:
    """A temporary file that counts and hashes written bytes, then moves to its content address or is discarded."""

    def __init__(self, folder: Path, suffix: str = "", *, with_md5: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._suffix = suffix
        self.path = folder / f".incoming-{secrets.token_hex(8)}"
        self._file = self.path.open("xb")
        self._hash = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Appends bytes. Raises `UnavailableError` when the disk is full."""
        try:
            self._file.write(data)
        except OSError as error:
            raise full_disk(error) from error
        self._hash.update(data)
        if self._md5 is not None:
            self._md5.update(data)
        self.size_bytes += len(data)

    def close(self) -> None:
        """Flushes and syncs to disk, so that a file registered later survives a power failure."""
        if self._file.closed:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise full_disk(error) from error
        self._file.close()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def md5(self) -> str:
        """MD5 in hex. Requires `with_md5`."""
        assert self._md5 is not None
        return self._md5.hexdigest()

    def keep(self) -> bool:
        """Moves the file to its content address. True when the content is new."""
        self.close()
        try:
            return keep_file(self.path, self._folder / f"{self.sha256}{self._suffix}")
        finally:
            self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Deletes the temporary file. No-op after `keep`."""
        with contextlib.suppress(OSError):  # buffered bytes need not be written
            self._file.close()
        self.path.unlink(missing_ok=True)


def keep_file(path: Path, target: Path) -> bool:
    """Links a file to its content address. True when the content is new."""
    try:
        os.link(path, target)
    except FileExistsError:
        os.utime(target)  # marks the content as recently used, for the sweeper
        return False
    except OSError:
        # No hard links on this file system: two equal concurrent uploads may both count as new.
        is_new = not target.exists()
        path.replace(target)
        return is_new
    return True


def full_disk(error: OSError) -> Exception:
    """Returns the exception to raise for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnavailableError("The disk is full; free space in the data folder")
    return error
