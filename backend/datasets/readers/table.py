"""Reads the files of a version as one table: the union of their columns, their rows in sequence, as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.readers.csv_dialect import Dialect, detect, unreadable_csv
from backend.datasets.readers.csv_header import Header, name_columns
from backend.datasets.readers.csv_rows import read_csv_rows
from backend.datasets.readers.formats import Format, unreadable_as
from backend.datasets.readers.jsonl_rows import read_jsonl_columns, read_jsonl_rows
from backend.datasets.readers.parquet_rows import read_parquet_columns, read_parquet_rows
from backend.datasets.readers.row import MAX_COLUMNS, Row
from pegbox.errors import UnusableContentError

UTF8 = Dialect("utf-8", ",")


@dataclass(frozen=True)
class SourceFile:
    """A file to read. `path` is its location, `relpath` its name within the dataset; `dialect` applies to CSVs."""

    path: Path
    relpath: str
    format: Format
    dialect: Dialect = UTF8

    @classmethod
    def open(cls, path: Path, relpath: str, kind: Format) -> SourceFile:
        """Detects the dialect of a CSV. Raises `UnusableContentError` for empty and unreadable files."""
        if path.stat().st_size == 0:
            raise UnusableContentError(f"{kind.upper()} file appears to be empty or has no valid data")
        return cls(path, relpath, kind, detect(path) if kind == "csv" else UTF8)


@contextmanager
def prefix_errors(relpath: str, *, several: bool) -> Iterator[None]:
    """Prefixes errors with the file name when there are several files."""
    try:
        yield
    except UnusableContentError as error:
        if not several:
            raise
        raise UnusableContentError(f"{relpath}: {error.message}") from error


def read_header(source: SourceFile, *, several: bool = False) -> Header:
    """The header of a file."""
    with prefix_errors(source.relpath, several=several):
        return _read_header(source)


def _read_header(source: SourceFile) -> Header:
    if source.format == "csv":
        record = next(read_csv_rows(source.path, source.dialect), None)
        if record is None:
            raise UnusableContentError("CSV file appears to be empty or has no valid data")
        if not any(cell.strip() for cell in record.cells):
            raise unreadable_csv("its first line is blank; the column names must stand there")
        return name_columns(record)
    columns = read_jsonl_columns(source.path) if source.format == "jsonl" else read_parquet_columns(source.path)
    if not columns:
        raise UnusableContentError(f"{source.format.upper()} file appears to be empty or has no valid data")
    return Header(columns, frozenset(columns), [], line=None)


def merge_headers(headers: Sequence[Header], sources: Sequence[SourceFile]) -> Header:
    """The union of all columns, in order of first occurrence."""
    if len(headers) == 1:
        return headers[0]
    columns = list(dict.fromkeys(name for header in headers for name in header.columns))
    if len(columns) > MAX_COLUMNS:
        kind = sources[0].format
        raise unreadable_as(kind, f"the files have {len(columns)} columns together; at most {MAX_COLUMNS} are possible")
    named = frozenset[str]().union(*(header.named for header in headers))
    errors = [
        f"{source.relpath}: {error}" for header, source in zip(headers, sources, strict=True) for error in header.errors
    ]
    return Header(columns, named, errors, line=None)


def read_table(sources: Sequence[SourceFile], columns: Sequence[str]) -> Iterator[Row]:
    """All rows of all files. Rows of a single CSV are unchanged, ragged or blank; other rows have one cell per column."""
    for number, source in enumerate(sources):
        if source.format == "jsonl":
            records = read_jsonl_rows(source.path, columns)
        elif source.format == "parquet":
            records = read_parquet_rows(source.path, columns)
        else:
            records = _read_csv(source, columns, number)
        with prefix_errors(source.relpath, several=len(sources) > 1):
            if number == 0 or source.format == "csv":
                yield from records
            else:
                yield from (record._replace(file=number) for record in records)


def _read_csv(source: SourceFile, columns: Sequence[str], number: int) -> Iterator[Row]:
    records = read_csv_rows(source.path, source.dialect)
    header = next(records, None)
    if header is None:
        return
    own = name_columns(header).columns
    if own == list(columns) and number == 0:
        yield from records
        return
    # Keeps the cells beyond the file's header, so that a ragged row stays ragged.
    places = [own.index(name) if name in own else -1 for name in columns]
    width = len(own)
    for record in records:
        cells = record.cells
        if not cells:
            continue
        mapped = [cells[place] if 0 <= place < len(cells) else "" for place in places]
        yield Row(record.line, mapped + cells[width:], number)
