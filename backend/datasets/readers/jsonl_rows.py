"""Streams the rows of a JSONL file, one object per line, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from backend.datasets.readers.formats import unreadable_as
from backend.datasets.readers.row import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMN_NAME,
    MAX_COLUMNS,
    MAX_ROW_CHARACTERS,
    Row,
)
from pegbox.errors import UnusableContentError

BOM = b"\xef\xbb\xbf"


def read_jsonl_columns(path: Path) -> list[str]:
    """Keys of all objects in order of first occurrence. Reads the whole file."""
    columns: dict[str, None] = {}
    for line, row in _objects(path):
        if not columns.keys() >= row.keys():
            columns.update(dict.fromkeys(name for name in row if name not in columns))
            _refuse_columns(columns, line)
    return list(columns)


def read_jsonl_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """All objects as rows of text: missing keys and null are empty, other values than strings are JSON.

    Raises `UnusableContentError` with the line.
    """
    for line, row in _objects(path):
        cells = [text_of(row.get(name)) for name in columns]
        if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
            raise _broken(f"line {line} has a value longer than {MAX_CELL_CHARACTERS} characters")
        yield Row(line, cells)


def text_of(value: Any) -> str:
    """A value as training text."""
    if value is None or value != value:  # some tools write NaN for missing values
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    number = 0
    with path.open("rb") as file:
        while line := file.readline(MAX_ROW_CHARACTERS + 1):
            number += 1
            if len(line) > MAX_ROW_CHARACTERS:
                raise _broken(f"line {number} is longer than {MAX_ROW_CHARACTERS} bytes; every row needs its own line")
            if number == 1:
                line = line.removeprefix(BOM)
            if line.isspace() or not line:
                continue
            try:
                yield number, decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise _broken(f"line {number} is no JSON object ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(error)


def _refuse_columns(columns: dict[str, None], line: int) -> None:
    if len(columns) > MAX_COLUMNS:
        raise _broken(f"up to line {line} there are {len(columns)} different keys; at most {MAX_COLUMNS} are possible")
    if any(len(name) > MAX_COLUMN_NAME for name in columns):
        raise _broken(f"a key on line {line} is longer than {MAX_COLUMN_NAME} characters")


def _broken(reason: str) -> UnusableContentError:
    return unreadable_as("jsonl", reason)
