"""One row of a dataset, whatever its format, and what holds for all of them."""

from __future__ import annotations

from typing import NamedTuple

MAX_CELL_CHARACTERS = 1024 * 1024
MAX_RECORD_CHARACTERS = 4 * 1024 * 1024
MAX_COLUMNS = 1000
MAX_COLUMN_NAME = 500


class Record(NamedTuple):
    """The cells of one row, the 1-based line of the file where it starts (its number in a Parquet file), and which file."""

    line: int
    cells: list[str]
    file: int = 0
