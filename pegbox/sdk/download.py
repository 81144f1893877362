"""Writes what a service sends to a file: whole, or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2

BLOCK_BYTES = 1024 * 1024


def write_body(response: httpx2.Response, target: Path) -> Path:
    """To `target`, or into it under the name that the service gives, when it is a folder; where the file lies."""
    if target.is_dir():
        found = re.search(r'filename="([^"/\\\\]+)"', response.headers.get("Content-Disposition", ""))
        target /= found[1] if found and found[1] not in (".", "..") else "download"
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as file:
            for block in response.iter_bytes(BLOCK_BYTES):
                file.write(block)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return target
