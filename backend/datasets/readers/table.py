"""The rows of a version's files as one table: the columns of all of them, the rows one after the other, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.datasets.readers.csv_dialect import Dialect, detect, unreadable
from backend.datasets.readers.csv_header import Header, name_columns
from backend.datasets.readers.csv_rows import read_records
from backend.datasets.readers.formats import Format, unreadable_as
from backend.datasets.readers.jsonl_rows import read_jsonl_columns, read_jsonl_records
from backend.datasets.readers.parquet_rows import read_parquet_columns, read_parquet_records
from backend.datasets.readers.row import MAX_COLUMNS, Record
from pegbox.errors import UnusableContentError

UTF8 = Dialect("utf-8", ",")


@dataclass(frozen=True)
class Source:
    """One file; `dialect` is a CSV's. `relpath` is for people, `path` is where the bytes lie."""

    path: Path
    relpath: str
    format: Format
    dialect: Dialect = UTF8

    @classmethod
    def open(cls, path: Path, relpath: str, kind: Format) -> Source:
        """Looks at the bytes for what only they can tell. Raises UnusableContentError."""
        if path.stat().st_size == 0:
            raise UnusableContentError(f"{kind.upper()} file appears to be empty or has no valid data")
        return cls(path, relpath, kind, detect(path) if kind == "csv" else UTF8)


@contextmanager
def telling(relpath: str, *, several: bool) -> Iterator[None]:
    """What is wrong with one of several files says which."""
    try:
        yield
    except UnusableContentError as error:
        if not several:
            raise
        raise UnusableContentError(f"{relpath}: {error.message}") from error


def read_header(source: Source, *, several: bool = False) -> Header:
    """The columns of one file."""
    with telling(source.relpath, several=several):
        return _read_header(source)


def _read_header(source: Source) -> Header:
    if source.format == "csv":
        record = next(read_records(source.path, source.dialect), None)
        if record is None:
            raise UnusableContentError("CSV file appears to be empty or has no valid data")
        if not any(cell.strip() for cell in record.cells):
            raise unreadable("its first line is blank; the column names must stand there")
        return name_columns(record)
    columns = read_jsonl_columns(source.path) if source.format == "jsonl" else read_parquet_columns(source.path)
    if not columns:
        raise UnusableContentError(f"{source.format.upper()} file appears to be empty or has no valid data")
    return Header(columns, frozenset(columns), [], line=None)


def merge_headers(headers: Sequence[Header], sources: Sequence[Source]) -> Header:
    """The columns of all files, each where it first occurs."""
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


def read_table(sources: Sequence[Source], columns: Sequence[str]) -> Iterator[Record]:
    """Every row of every file. A single CSV's come as they are, ragged or blank; others have a cell per column."""
    for number, source in enumerate(sources):
        if source.format == "jsonl":
            records = read_jsonl_records(source.path, columns)
        elif source.format == "parquet":
            records = read_parquet_records(source.path, columns)
        else:
            records = _read_csv(source, columns, number)
        with telling(source.relpath, several=len(sources) > 1):
            if number == 0 or source.format == "csv":
                yield from records
            else:
                yield from (record._replace(file=number) for record in records)


def _read_csv(source: Source, columns: Sequence[str], number: int) -> Iterator[Record]:
    records = read_records(source.path, source.dialect)
    header = next(records, None)
    if header is None:
        return
    own = name_columns(header).columns
    if own == list(columns) and number == 0:
        yield from records
        return
    # Cells beyond the file's own header stay beyond the table's, so that a ragged row is still seen to be one.
    places = [own.index(name) if name in own else -1 for name in columns]
    width = len(own)
    for record in records:
        cells = record.cells
        if not cells:
            continue
        mapped = [cells[place] if 0 <= place < len(cells) else "" for place in places]
        yield Record(record.line, mapped + cells[width:], number)
