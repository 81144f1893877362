"""The CSV that trainings read. A single CSV is used as is; other files are rendered on request and not stored.

Rendering is deterministic, so the hash from the check of the files is the hash that the worker computes.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence

from backend.datasets.readers.row import Row
from backend.datasets.readers.table import SourceFile

PART_CHARACTERS = 256 * 1024


def needs_rendering(sources: Sequence[SourceFile]) -> bool:
    """Whether the training CSV is rendered from the files."""
    return len(sources) != 1 or sources[0].format != "csv"


class _Text:
    """A buffer of CSV text: UTF-8, commas, a header line."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer)
        self._writer.writerow(columns)
        self._width = len(columns)

    def add(self, cells: list[str]) -> None:
        """Adds a row, padded or cut to the number of columns; skips rows without cells."""
        if cells:
            width = self._width
            self._writer.writerow(cells if len(cells) == width else [*cells, *[""] * width][:width])

    @property
    def is_full(self) -> bool:
        return self._buffer.tell() > PART_CHARACTERS

    def take(self) -> bytes:
        content = self._buffer.getvalue().encode("utf-8", "replace")
        self._buffer.seek(0)
        self._buffer.truncate()
        return content


def render(columns: Sequence[str], records: Iterable[Row]) -> Iterator[bytes]:
    """The table as CSV bytes, in parts."""
    text = _Text(columns)
    for record in records:
        text.add(record.cells)
        if text.is_full:
            yield text.take()
    yield text.take()


class RenderedHash:
    """SHA-256 of the output of `render`, computed while the rows are iterated."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._text = _Text(columns)
        self._hash = hashlib.sha256()

    def hash_rows(self, records: Iterable[Row]) -> Iterator[Row]:
        """Yields the rows unchanged."""
        for record in records:
            self._text.add(record.cells)
            if self._text.is_full:
                self._hash.update(self._text.take())
            yield record
        self._hash.update(self._text.take())

    @property
    def sha256(self) -> str:
        """Valid after the last row."""
        return self._hash.hexdigest()
