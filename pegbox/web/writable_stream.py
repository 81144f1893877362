"""A file for writers whose output is sent while it comes into being."""

from __future__ import annotations

import io
from typing import Any


class Outflow(io.RawIOBase):
    """Cannot seek, and keeps only what was not taken yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """What was written since the last time."""
        content = b"".join(self._parts)
        self._parts.clear()
        return content
