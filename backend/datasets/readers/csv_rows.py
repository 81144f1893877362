"""Streams the rows of a CSV with their line numbers, in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from backend.datasets.readers.csv_dialect import Dialect, unreadable_csv
from backend.datasets.readers.row import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROW_CHARACTERS, Row

END_MARK = "\x01end\x01"
"""Sentinel line after the end of the file; inside a cell it proves an unclosed quote."""


class _Lines:
    """Lines for the csv reader, limited in characters per row."""

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
        line = self._file.readline(MAX_ROW_CHARACTERS + 1)
        if not line:
            self.ended = True
            return END_MARK
        self.taken += len(line)
        if self.taken > MAX_ROW_CHARACTERS:
            raise unreadable_csv(
                f"the row that starts at line {self.record_line} is longer than {MAX_ROW_CHARACTERS} characters; "
                "is a quote left open, or a line break missing?"
            )
        return line


def read_csv_rows(path: Path, dialect: Dialect) -> Iterator[Row]:
    """All rows, the header first; blank lines are rows without cells.

    Raises `UnusableContentError` with the line for unclosed quotes and for rows or cells beyond the limits.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)  # global to the process
    with path.open(encoding=dialect.encoding, newline="") as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=dialect.delimiter)
        while True:
            try:
                cells = next(reader)
            except csv.Error as error:
                raise unreadable_csv(_reason(error, lines.record_line)) from error
            if lines.ended and cells and cells[-1].endswith(END_MARK):
                if cells == [END_MARK]:
                    return
                raise unreadable_csv(
                    f"the quote opened in the row that starts at line {lines.record_line} is never closed"
                )
            if len(cells) > MAX_COLUMNS:
                raise unreadable_csv(
                    f"the row at line {lines.record_line} has {len(cells)} columns; at most {MAX_COLUMNS} are possible"
                )
            yield Row(lines.record_line, cells)
            lines.record_line = reader.line_num + 1
            lines.taken = 0


def _reason(error: csv.Error, line: int) -> str:
    if "field larger than field limit" in str(error):
        return (
            f"a cell in the row that starts at line {line} is longer than {MAX_CELL_CHARACTERS} characters; "
            "is a quote left open?"
        )
    return f"{error} (in the row that starts at line {line})"
