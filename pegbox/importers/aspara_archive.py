"""Reads Aspara's Parquet storage: rows of one value, older ones in Parquet files by date, newer ones in a file of JSON lines.

Lines move to Parquet in order and the files only grow, so the number of a row in the sequence of all rows is stable.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pegbox.errors import UnavailableError
from pegbox.importers.aspara_lines import records, time_of
from pegbox.importers.points import PointBuilder
from pegbox.importers.sources import SourceRecord, SourceRun, damage_error
from pegbox.importers.values import is_step, unix_time

COLUMNS = ("timestamp", "step", "metric_name", "metric_value")
BATCH_ROWS = 8_192

Value = tuple[Any, float, str, float]
"""Step (or null), Unix seconds, metric, value."""


def read_archive(run: SourceRun, archive: Path, wal: Path, after: int) -> Iterator[SourceRecord]:
    """Yields the records after a row number. Raises `UnusableContentError` for damage, `UnavailableError` without pyarrow."""
    group = PointBuilder()
    position = 0
    for file in sorted(archive.glob("date=*/*.parquet")) if archive.is_dir() else ():
        if file.stat().st_size == 0:
            continue
        for value in _rows(file):
            position += 1
            if position > after and (record := _add(run, group, position, value)):
                yield record
    for value in _lines(wal) if wal.is_file() else ():
        position += 1
        if position > after and (record := _add(run, group, position, value)):
            yield record
    if record := group.close():
        yield record


def _add(run: SourceRun, group: PointBuilder, position: int, value: Value) -> SourceRecord | None:
    step, time, name, number = value
    if not is_step(step):
        run.left_out["value without a usable step"] += 1
        return None
    return group.add(position, step, time, {name: number})


def _rows(file: Path) -> Iterator[Value]:
    try:
        import pyarrow as arrow  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415 - heavy and optional
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error}. {file} is Parquet, which needs pyarrow: pip install pyarrow") from error
    try:
        with parquet.ParquetFile(file) as parquet_file:
            for batch in parquet_file.iter_batches(batch_size=BATCH_ROWS, columns=list(COLUMNS)):
                yield from map(_value, *(batch.column(name).to_pylist() for name in COLUMNS))
    except (arrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise damage_error(file, 0, f"Parquet that cannot be read ({str(error)[:200]})") from None


def _value(stamp: datetime, step: Any, name: str, number: float) -> Value:
    return step, unix_time(stamp.timestamp()), str(name), float(number)  # naive times are in local time


def _lines(wal: Path) -> Iterator[Value]:
    """Rows of the JSON lines. As in Aspara's archiving, values that are not numbers are skipped."""
    for _, _, record in records(wal):
        for name, value in record["metrics"].items():
            try:
                yield record.get("step"), time_of(record), name, float(value)
            except (TypeError, ValueError, OverflowError):
                continue
