"""Dataset files by the hash of their bytes: the same upload twice is one file."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from pegbox.errors import NotFoundError

SUFFIX = ".csv"
UNREGISTERED_SECONDS = 24 * 3600
"""How long a previewed file waits to be registered."""


def file_path(folder: Path, sha256: str) -> Path:
    """Where the bytes with this hash lie, whether or not they do."""
    return folder / f"{sha256}{SUFFIX}"


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
        known = path.suffix == SUFFIX and path.stem in registered
        if not known and path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
