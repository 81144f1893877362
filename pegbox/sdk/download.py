"""Writes response bodies to files that appear complete or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx2

SAVED_PATH = "pegbox_saved_path"
"""Key in `response.extensions`."""


@contextmanager
def download_file(response: httpx2.Response, target: Path) -> Iterator[BinaryIO]:
    """A file to write the body to. A `target` that is a folder gets a file under the name that the response gives.

    The file appears under its final name when the block ends without an error; `saved_path` returns that name.
    """
    if target.is_dir():
        match = re.search(r'filename="([^"/\\]+)"', response.headers.get("Content-Disposition", ""))
        target /= match[1] if match and match[1] not in (".", "..") else "download"
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    response.extensions[SAVED_PATH] = target


def saved_path(response: httpx2.Response) -> Path:
    """The file that holds the body of a downloaded response."""
    path: Path = response.extensions[SAVED_PATH]
    return path
