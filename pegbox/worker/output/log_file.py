"""One stream of a command, kept on disk without secrets and up to a limit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from pegbox.worker.output.masking import Masking

MAX_LOG_BYTES = 256 * 1024 * 1024
"""Per stream of a job, over all attempts. What comes later is read and dropped, so that the command never stands still."""

TAIL_LINES = 5
TAIL_BYTES = 4096


class KeptOutput:
    """Appends to `path`. Use as a context manager."""

    def __init__(self, path: Path, secrets: Iterable[str], limit: int = MAX_LOG_BYTES) -> None:
        self._masking = Masking(secrets)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._left = limit - os.fstat(self._file).st_size
        self._limit = limit
        self._recent = b""

    def write(self, data: bytes) -> None:
        self._put(self._masking.feed(data))

    def tail(self) -> list[str]:
        """The last few lines that were written, without secrets."""
        return self._recent.decode("utf-8", "replace").strip().splitlines()[-TAIL_LINES:]

    def close(self) -> None:
        """Writes what waited for more, and closes the file."""
        if self._file >= 0:
            self._put(self._masking.close())
            os.close(self._file)
            self._file = -1

    def _put(self, data: bytes) -> None:
        self._recent = (self._recent + data)[-TAIL_BYTES:]
        if not data or self._left <= 0:
            return
        kept = data[: self._left]
        os.write(self._file, kept)
        self._left -= len(data)
        if self._left <= 0:
            os.write(self._file, f"\n[pegbox: output beyond {self._limit:,} bytes is not kept]\n".encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
