"""What Aspara's Parquet backend keeps: rows of one value each, oldest in Parquet files by date, newest in a file of JSON lines.

Lines move into Parquet in their order and the files only grow, so a row's number in the whole stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pegbox.errors import UnavailableError
from pegbox.importers.aspara import records, time_of
from pegbox.importers.points import PointGroup
from pegbox.importers.sources import FoundRun, Placed, damaged
from pegbox.importers.values import is_step, moment

COLUMNS = ("timestamp", "step", "metric_name", "metric_value")
BATCH_ROWS = 8_192

Value = tuple[Any, float, str, float]
"""step (null for none), Unix seconds, metric, value."""


def read_archive(run: FoundRun, archive: Path, wal: Path, after: int) -> Iterator[Placed]:
    """What stands behind a row's number. Raises `UnusableContentError` for a damaged file, `UnavailableError` without pyarrow."""
    group = PointGroup()
    position = 0
    for file in sorted(archive.glob("date=*/*.parquet")) if archive.is_dir() else ():
        if file.stat().st_size == 0:
            continue
        for value in _rows(file):
            position += 1
            if position > after and (closed := _add(run, group, position, value)):
                yield closed
    for value in _lines(wal) if wal.is_file() else ():
        position += 1
        if position > after and (closed := _add(run, group, position, value)):
            yield closed
    if closed := group.close():
        yield closed


def _add(run: FoundRun, group: PointGroup, position: int, value: Value) -> Placed | None:
    step, time, name, number = value
    if not is_step(step):
        run.left_out["value without a usable step"] += 1
        return None
    return group.add(position, step, time, {name: number})


def _rows(file: Path) -> Iterator[Value]:
    try:
        import pyarrow as arrow  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415 - heavy, and not everyone has it
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error}. {file} is Parquet, which needs pyarrow: pip install pyarrow") from error
    try:
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(batch_size=BATCH_ROWS, columns=list(COLUMNS)):
                yield from map(_value, *(batch.column(name).to_pylist() for name in COLUMNS))
    except (arrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise damaged(file, 0, f"Parquet that cannot be read ({str(error)[:200]})") from None


def _value(stamp: datetime, step: Any, name: str, number: float) -> Value:
    return step, moment(stamp.timestamp()), str(name), float(number)  # its clock is that of the machine it ran on


def _lines(wal: Path) -> Iterator[Value]:
    """As its own archiving reads them: what is no number is no row."""
    for _, _, record in records(wal):
        for name, value in record["metrics"].items():
            try:
                yield record.get("step"), time_of(record), name, float(value)
            except (TypeError, ValueError, OverflowError):
                continue
