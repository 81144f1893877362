"""Dataset files, stored by the hash of their bytes: equal content is stored once."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from pathlib import Path

from backend.datasets.readers.formats import ENDINGS
from pegbox.errors import NotFoundError

UNREGISTERED_SECONDS = 24 * 3600
"""How long a previewed file is kept without registration."""

SUFFIXES = tuple(f".{kind}" for kind in dict.fromkeys(ENDINGS.values()))


def file_path(folder: Path, sha256: str, kind: str = "csv") -> Path:
    """The path for this hash; the file need not exist."""
    return folder / f"{sha256}.{kind}"


def find_file(folder: Path, sha256: str | None, kind: str = "csv") -> Path | None:
    """The file with this hash; `None` if missing."""
    path = file_path(folder, sha256, kind) if sha256 else None
    return path if path and path.is_file() else None


def get_file(folder: Path, sha256: str | None, name: str, kind: str = "csv") -> Path:
    """The file with this hash. Raises `NotFoundError`, which names the dataset."""
    path = find_file(folder, sha256, kind)
    if path is None:
        raise NotFoundError(f"The file of dataset '{name}' is not stored here; upload it again")
    return path


def delete_files(folder: Path, hashes: Collection[str]) -> None:
    """Deletes the files with these hashes in all formats."""
    for sha256 in hashes:
        for path in _paths(folder, sha256):
            path.unlink(missing_ok=True)


def delete_unregistered(folder: Path, registered: Collection[str]) -> int:
    """Deletes old files that are not registered: previews and interrupted uploads. Returns their number."""
    oldest = time.time() - UNREGISTERED_SECONDS
    deleted = 0
    for path in folder.glob("*"):
        known = path.suffix in SUFFIXES and path.stem in registered
        if not known and path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _paths(folder: Path, sha256: str) -> Iterator[Path]:
    return (folder / f"{sha256}{suffix}" for suffix in SUFFIXES)
