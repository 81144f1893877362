"""The files that a table of points can be written to: CSV, JSON lines, Parquet. Each is written a chunk at a time."""

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


def writer_of(file_format: Format) -> Callable[[Table], Iterator[bytes]]:
    """Raises `UnavailableError` when the format needs a package that is not installed."""
    if file_format == "csv":
        return write_csv
    if file_format == "jsonl":
        return write_jsonl
    try:
        from monitor.metrics.export.parquet import write_parquet  # noqa: PLC0415 - heavy, and not everyone has it
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error}. Parquet needs the package pyarrow: pip install pyarrow") from error
    return write_parquet


def file_name(run_id: str, file_format: Format) -> str:
    """What the file is called when it is saved: plain ASCII, whatever the run is called."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', run_id)}.{file_format}"


def write_csv(table: Table) -> Iterator[bytes]:
    """With a header; what is absent is empty, numbers that are not finite are `NaN`, `Infinity`, `-Infinity`."""
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
    """An object per line; what is absent has no key, numbers that are not finite are the strings that batches use."""
    header = table.header
    encoder = msgspec.json.Encoder()
    for chunk in table.chunks():
        rows = zip(*chunk.cells(), strict=True)
        yield encoder.encode_lines(
            [{name: cell for name, cell in zip(header, row, strict=True) if cell is not None} for row in rows]
        )
