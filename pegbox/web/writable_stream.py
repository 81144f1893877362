"""A file object for writers whose output is sent while they write."""

from __future__ import annotations

import io
from typing import Any


class WritableStream(io.RawIOBase):
    """A write-only file that cannot seek; `take` returns and removes the written bytes."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """The bytes written since the last call."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        return content
