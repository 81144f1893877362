"""Writes a table of points as Parquet. Imports pyarrow, an optional dependency."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.metrics.export.table import Column, Table
from pegbox.web.writable_stream import WritableStream

GROUP_VALUES = 2_000_000
"""Values per row group (16 MB): small groups make a file large and slow to read."""


def write_parquet(table: Table) -> Iterator[bytes]:
    """Yields a Parquet file. Values are float64 including NaN and infinities, missing values null, times UTC microseconds."""
    step, time, *numbers = table.header
    moment = pa.timestamp("us", tz="UTC")
    schema = pa.schema([(step, pa.int64()), (time, moment), *((name, pa.float64()) for name in numbers)])
    file = WritableStream()
    with pq.ParquetWriter(file, schema) as writer:
        for chunk in table.chunks(GROUP_VALUES):
            steps, times = pa.array(chunk.steps), pa.array(chunk.micros).cast(moment)
            columns = [_array(column) for column in (chunk.epoch, *chunk.metrics)]
            writer.write_table(pa.Table.from_arrays([steps, times, *columns], schema=schema))
            yield file.take()
    yield file.take()


def _array(column: Column) -> pa.DoubleArray:
    return pa.array(column.values, pa.float64(), mask=~column.present)
