"""The log file of one output stream of a command, with masked secrets and a size limit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from pegbox.worker.output.masking import SecretMasker

MAX_LOG_BYTES = 256 * 1024 * 1024
"""Per stream of a job, over all attempts. Output beyond the limit is read and dropped, so that the command never blocks."""

TAIL_LINES = 5
TAIL_BYTES = 4096


class LogFile:
    """Appends output to `path`, up to `limit` bytes in total. Use as a context manager."""

    def __init__(self, path: Path, secrets: Iterable[str], limit: int = MAX_LOG_BYTES) -> None:
        self._masker = SecretMasker(secrets)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._remaining = limit - os.fstat(self._file).st_size
        self._limit = limit
        self._recent = b""

    def write(self, data: bytes) -> None:
        """Appends a piece of output."""
        self._append(self._masker.feed(data))

    def tail(self) -> list[str]:
        """The last 5 lines of output, with masked secrets; beyond the size limit too."""
        return self._recent.decode("utf-8", "replace").strip().splitlines()[-TAIL_LINES:]

    def close(self) -> None:
        """Writes what the masker holds back, and closes the file."""
        if self._file >= 0:
            self._append(self._masker.close())
            os.close(self._file)
            self._file = -1

    def _append(self, data: bytes) -> None:
        self._recent = (self._recent + data)[-TAIL_BYTES:]
        if not data or self._remaining <= 0:
            return
        os.write(self._file, data[: self._remaining])
        self._remaining -= len(data)
        if self._remaining <= 0:
            os.write(self._file, f"\n[pegbox: output beyond {self._limit:,} bytes is not kept]\n".encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
