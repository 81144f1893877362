"""What a service sends becomes a file: whole, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx2

SAVED = "pegbox_saved_as"


@contextmanager
def whole_file(response: httpx2.Response, target: Path) -> Iterator[BinaryIO]:
    """A file for the body: `target`, or one in it under the name that the service gives, when it is a folder.

    It is there under its name when all has been written; `saved_path` tells where.
    """
    if target.is_dir():
        found = re.search(r'filename="([^"/\\]+)"', response.headers.get("Content-Disposition", ""))
        target /= found[1] if found and found[1] not in (".", "..") else "download"
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    response.extensions[SAVED] = target


def saved_path(response: httpx2.Response) -> Path:
    """Where the body of this answer lies."""
    path: Path = response.extensions[SAVED]
    return path
