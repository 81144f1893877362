"""A row of a dataset in any format, and the limits of all formats."""

from __future__ import annotations

from typing import NamedTuple

MAX_CELL_CHARACTERS = 1024 * 1024
MAX_ROW_CHARACTERS = 4 * 1024 * 1024
MAX_COLUMNS = 1000
MAX_COLUMN_NAME = 500


class Row(NamedTuple):
    """The cells of a row, its first line in the file (1-based; in Parquet its number), and the index of the file."""

    line: int
    cells: list[str]
    file: int = 0
