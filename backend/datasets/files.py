"""Dataset files by the hash of their bytes: the same upload twice is one file."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Collection
from pathlib import Path

from pegbox.errors import NotFoundError

UNREGISTERED_SECONDS = 24 * 3600
"""How long a previewed file waits to be registered."""


class Incoming:
    """A file being received: counts and hashes what is written, then moves to its content address or disappears."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.path = folder / f".incoming-{secrets.token_hex(8)}"
        self._file = self.path.open("xb")
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def close(self) -> None:
        """All is on the disk afterwards, so that what is registered later survives a power cut."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def keep(self) -> bool:
        """Moves the file to its address; `True` when these bytes were not there before."""
        self.close()
        target = file_path(self._folder, self.sha256)
        try:
            os.link(self.path, target)
        except FileExistsError:
            os.utime(target)  # asked for again just now: not yet forgotten
            return False
        except OSError:
            # A file system without hard links. Two equal uploads at once may then both count as new.
            is_new = not target.exists()
            self.path.replace(target)
            return is_new
        finally:
            self.path.unlink(missing_ok=True)
        return True

    def discard(self) -> None:
        """Removes what was received. Harmless after `keep`."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def file_path(folder: Path, sha256: str) -> Path:
    """Where the bytes with this hash lie, whether or not they do."""
    return folder / f"{sha256}.csv"


def find_file(folder: Path, sha256: str | None) -> Path | None:
    """The file with this hash, or `None` when it is not here."""
    path = file_path(folder, sha256) if sha256 else None
    return path if path and path.is_file() else None


def get_file(folder: Path, sha256: str | None, name: str) -> Path:
    """The file with this hash; raises `NotFoundError` that names the dataset."""
    path = find_file(folder, sha256)
    if path is None:
        raise NotFoundError(f"The file of dataset '{name}' is not stored here; upload it again")
    return path


def forget_unregistered(folder: Path, registered: Collection[str]) -> int:
    """Deletes previews that were never registered and uploads that broke off, once they are old; returns how many."""
    oldest = time.time() - UNREGISTERED_SECONDS
    gone = 0
    for path in folder.glob("*"):
        known = path.suffix == ".csv" and path.stem in registered
        if not known and path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
