"""Files by the hash of their bytes: the same content twice is one file."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from pathlib import Path

from pegbox.errors import UnavailableError


class Incoming:
    """A file being received: counts and hashes what is written, then moves to its content address or disappears."""

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
        """Raises `UnavailableError` when the disk is full."""
        try:
            self._file.write(data)
        except OSError as error:
            raise full_disk(error) from error
        self._hash.update(data)
        if self._md5 is not None:
            self._md5.update(data)
        self.size_bytes += len(data)

    def close(self) -> None:
        """All is on the disk afterwards, so that what is registered later survives a power cut."""
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
        """Asked for with `with_md5`."""
        assert self._md5 is not None
        return self._md5.hexdigest()

    def keep(self) -> bool:
        """Moves the file to its address; `True` when these bytes were not there before."""
        self.close()
        try:
            return keep_file(self.path, self._folder / f"{self.sha256}{self._suffix}")
        finally:
            self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Removes what was received. Harmless after `keep`."""
        with contextlib.suppress(OSError):  # what it still holds back need not be written
            self._file.close()
        self.path.unlink(missing_ok=True)


def keep_file(path: Path, target: Path) -> bool:
    """Gives a file on the disk its content address too; `True` when these bytes were not there before."""
    try:
        os.link(path, target)
    except FileExistsError:
        os.utime(target)  # asked for again just now: not yet forgotten
        return False
    except OSError:
        # A file system without hard links. Two equal uploads at once may then both count as new.
        is_new = not target.exists()
        path.replace(target)
        return is_new
    return True


def full_disk(error: OSError) -> Exception:
    """The error to raise for a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnavailableError("The disk is full; free space in the data folder")
    return error
