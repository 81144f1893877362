"""Dataset files by the hash of their bytes: the same content is one file, however many versions have it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from pathlib import Path

from backend.datasets.readers.formats import ENDINGS
from pegbox.errors import NotFoundError

UNREGISTERED_SECONDS = 24 * 3600
"""How long a previewed file waits to be registered."""

SUFFIXES = tuple(f".{kind}" for kind in dict.fromkeys(ENDINGS.values()))


def file_path(folder: Path, sha256: str, kind: str = "csv") -> Path:
    """Where the bytes with this hash lie, whether or not they do."""
    return folder / f"{sha256}.{kind}"


def find_file(folder: Path, sha256: str | None, kind: str = "csv") -> Path | None:
    """The file with this hash, or `None` when it is not here."""
    path = file_path(folder, sha256, kind) if sha256 else None
    return path if path and path.is_file() else None


def get_file(folder: Path, sha256: str | None, name: str, kind: str = "csv") -> Path:
    """The file with this hash; raises `NotFoundError` that names the dataset."""
    path = find_file(folder, sha256, kind)
    if path is None:
        raise NotFoundError(f"The file of dataset '{name}' is not stored here; upload it again")
    return path


def delete_files(folder: Path, hashes: Collection[str]) -> None:
    """Removes bytes that nothing needs any more."""
    for sha256 in hashes:
        for path in _forms(folder, sha256):
            path.unlink(missing_ok=True)


def forget_unregistered(folder: Path, registered: Collection[str]) -> int:
    """Deletes previews that were never registered and uploads that broke off, once they are old; returns how many."""
    oldest = time.time() - UNREGISTERED_SECONDS
    gone = 0
    for path in folder.glob("*"):
        known = path.suffix in SUFFIXES and path.stem in registered
        if not known and path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _forms(folder: Path, sha256: str) -> Iterator[Path]:
    return (folder / f"{sha256}{suffix}" for suffix in SUFFIXES)
