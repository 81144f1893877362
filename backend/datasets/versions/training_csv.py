"""What trainings read: a plain CSV. A single CSV is it already; of anything else it is written as it is asked for, never stored.

The same files give the same bytes, so the hash that the check of the files found is the hash that the worker finds.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence

from backend.datasets.readers.row import Record
from backend.datasets.readers.table import Source

PART_CHARACTERS = 256 * 1024


def is_rendered(sources: Sequence[Source]) -> bool:
    """Whether trainings read something else than the file itself."""
    return len(sources) != 1 or sources[0].format != "csv"


class _Text:
    """CSV text that gathers until it is taken: UTF-8, commas, the columns in the first line."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer)
        self._writer.writerow(columns)
        self._width = len(columns)

    def add(self, cells: list[str]) -> None:
        """A row without any cell is left out; every other one gets as many as there are columns."""
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


def render(columns: Sequence[str], records: Iterable[Record]) -> Iterator[bytes]:
    """The table as CSV, in parts."""
    text = _Text(columns)
    for record in records:
        text.add(record.cells)
        if text.is_full:
            yield text.take()
    yield text.take()


class Rendition:
    """The hash of what `render` gives, found while the records pass by to somebody else."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._text = _Text(columns)
        self._hash = hashlib.sha256()

    def passing(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records."""
        for record in records:
            self._text.add(record.cells)
            if self._text.is_full:
                self._hash.update(self._text.take())
            yield record
        self._hash.update(self._text.take())

    @property
    def sha256(self) -> str:
        """Once all have passed."""
        return self._hash.hexdigest()
