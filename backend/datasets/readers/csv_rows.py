"""The records of a CSV file one by one, with the line each starts on, in bounded memory whatever the file holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from backend.datasets.readers.csv_dialect import Dialect, unreadable
from backend.datasets.readers.row import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_RECORD_CHARACTERS, Record

END_MARK = "\x01end\x01"
"""Handed to the reader after the last line: when it comes back inside a cell, a quote was left open."""


class _Lines:
    """Feeds the csv reader, and stops it before one record eats the memory."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.ended = False
        self.record_line = 1
        self.taken = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.ended:
            raise StopIteration
        line = self._file.readline(MAX_RECORD_CHARACTERS + 1)
        if not line:
            self.ended = True
            return END_MARK
        self.taken += len(line)
        if self.taken > MAX_RECORD_CHARACTERS:
            raise unreadable(
                f"the row that starts at line {self.record_line} is longer than {MAX_RECORD_CHARACTERS} characters; "
                "is a quote left open, or a line break missing?"
            )
        return line


def read_records(path: Path, dialect: Dialect) -> Iterator[Record]:
    """Every record, the header first; blank lines come as records without cells.

    Raises `UnusableContentError`, naming the line, for a quote that is never closed and for rows or cells beyond the limits.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)  # one for the whole process, and other readers have limits of their own
    with path.open(encoding=dialect.encoding, newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=dialect.delimiter)
        while True:
            try:
                cells = next(reader)
            except csv.Error as error:
                raise unreadable(_reason(error, lines.record_line)) from error
            if lines.ended and cells and cells[-1].endswith(END_MARK):
                if cells == [END_MARK]:
                    return
                raise unreadable(f"the quote opened in the row that starts at line {lines.record_line} is never closed")
            if len(cells) > MAX_COLUMNS:
                raise unreadable(
                    f"the row at line {lines.record_line} has {len(cells)} columns; at most {MAX_COLUMNS} are possible"
                )
            yield Record(lines.record_line, cells)
            lines.record_line = reader.line_num + 1
            lines.taken = 0


def _reason(error: csv.Error, line: int) -> str:
    if "field larger than field limit" in str(error):
        return (
            f"a cell in the row that starts at line {line} is longer than {MAX_CELL_CHARACTERS} characters; "
            "is a quote left open?"
        )
    return f"{error} (in the row that starts at line {line})"
