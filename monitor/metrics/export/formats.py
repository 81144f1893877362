"""File formats of exports: CSV, JSON lines, Parquet. Each is streamed in chunks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from pegbox.errors import UnavailableError

if TYPE_CHECKING:
    from monitor.metrics.export.table import Table

Format = Literal["csv", "jsonl", "parquet"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


def writer_for(file_format: Format) -> Callable[[Table], Iterator[bytes]]:
    """Returns the writer of a format. Raises `UnavailableError` when the format needs a package that is not installed."""
    if file_format == "csv":
        return write_csv
    if file_format == "jsonl":
        return write_jsonl
    try:
        from monitor.metrics.export.parquet import write_parquet  # noqa: PLC0415 - a heavy optional dependency
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error}. Parquet needs the package pyarrow: pip install pyarrow") from error
    return write_parquet


def file_name(run_id: str, file_format: Format) -> str:
    """Returns the download name: the run id in plain ASCII with the ending of the format."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', run_id)}.{file_format}"


def write_csv(table: Table) -> Iterator[bytes]:
    """Yields CSV with a header. Missing values are empty, non-finite values are `NaN`, `Infinity`, `-Infinity`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.header)
    yield _drain(text)
    for chunk in table.chunks():
        writer.writerows(zip(*chunk.cells(), strict=True))
        yield _drain(text)


def _drain(text: io.StringIO) -> bytes:
    content = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return content


def write_jsonl(table: Table) -> Iterator[bytes]:
    """Yields one JSON object per row. Missing values have no key, non-finite values are strings as in batches."""
    header = table.header
    encoder = msgspec.json.Encoder()
    for chunk in table.chunks():
        rows = zip(*chunk.cells(), strict=True)
        yield encoder.encode_lines(
            [{name: cell for name, cell in zip(header, row, strict=True) if cell is not None} for row in rows]
        )
