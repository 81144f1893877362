"""Streams the rows of a Parquet file in batches. Imports pyarrow on first use: the import is slow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.readers.formats import unreadable_as
from backend.datasets.readers.jsonl_rows import text_of
from backend.datasets.readers.row import MAX_CELL_CHARACTERS, MAX_COLUMN_NAME, MAX_COLUMNS, Row
from pegbox.errors import UnavailableError, UnusableContentError

BATCH_ROWS = 256
MAX_GROUP_BYTES = 2 * 1024**3
"""Uncompressed bytes of a column in a row group; a row group is read as a whole."""

MAX_RATIO = 1000
"""Uncompressed over compressed size; text never reaches this ratio, decompression bombs do."""

FREE_BYTES = 16 * 1024 * 1024
"""Uncompressed bytes allowed at any ratio: equal values compress to almost nothing."""


def read_parquet_columns(path: Path) -> list[str]:
    """Column names of the schema. Raises `UnavailableError` without pyarrow, `UnusableContentError` for unreadable files."""
    with _open(path) as file:
        columns = list(file.schema_arrow.names)
        if len(columns) > MAX_COLUMNS:
            raise _broken(f"it has {len(columns)} columns; at most {MAX_COLUMNS} are possible")
        if len(set(columns)) < len(columns):
            raise _broken("two of its columns have the same name")
        if any(len(name) > MAX_COLUMN_NAME for name in columns):
            raise _broken(f"a column name is longer than {MAX_COLUMN_NAME} characters")
        _refuse_bombs(file.metadata)
        return columns


def read_parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """All rows as text, numbered from 1; columns missing in the file are empty."""
    import pyarrow as pa  # noqa: PLC0415

    with _open(path) as file:
        _refuse_bombs(file.metadata)
        own = [name for name in columns if name in file.schema_arrow.names]
        number = 0
        try:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=own, use_threads=False):
                values: dict[str, list[Any]] = {name: batch.column(name).to_pylist() for name in own}
                for index in range(batch.num_rows):
                    number += 1
                    cells = [_text(values[name][index]) if name in values else "" for name in columns]
                    if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
                        raise _broken(f"row {number} has a value longer than {MAX_CELL_CHARACTERS} characters")
                    yield Row(number, cells)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise _broken(f"after row {number}: {_first_line(error)}") from error


def _open(path: Path) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - slow import of an optional package
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error}. Parquet needs the package pyarrow: pip install pyarrow") from error
    try:
        return pq.ParquetFile(path, memory_map=True, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken(_first_line(error)) from error


def _refuse_bombs(metadata: Any) -> None:
    for group in range(metadata.num_row_groups):
        described = metadata.row_group(group)
        for place in range(described.num_columns):
            column = described.column(place)
            size, packed = column.total_uncompressed_size, max(column.total_compressed_size, 1)
            if size > MAX_GROUP_BYTES or (size > FREE_BYTES and size / packed > MAX_RATIO):
                raise _broken(
                    f"row group {group + 1} would unpack to {size} bytes in one column; write it with smaller row groups"
                )


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        raise _broken("a column holds bytes, not text")
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return text_of(value)
    return str(value)  # dates, times, decimals as Python writes them


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _broken(reason: str) -> UnusableContentError:
    return unreadable_as("parquet", reason)
