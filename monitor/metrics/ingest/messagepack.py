"""Batches as MessagePack. Columns may be raw little-endian 64-bit arrays, which need no parsing and lose no precision."""

from __future__ import annotations

import sys
from array import array

import msgspec

from monitor.metrics.ingest.batch_schema import BatchHead, Number, check_lengths
from monitor.metrics.log.columns import Column, Columns
from monitor.metrics.log.records import MAX_STEP, MAX_TIME, MetricName, Step, Time
from pegbox.errors import ValidationError

CONTENT_TYPES = (b"application/msgpack", b"application/x-msgpack", b"application/vnd.msgpack")
ITEM_BYTES = 8


class Sparse(msgspec.Struct, frozen=True):
    """A column with gaps: `values` holds a float64 for every point, `present` a byte 0 or 1 for every point."""

    values: bytes
    present: bytes


class BinaryPoints(msgspec.Struct, frozen=True):
    """Like `batch_schema.Points`; `bin` columns hold int64 steps, float64 times (Unix seconds) and float64 values."""

    step: bytes | list[Step]
    time: bytes | list[Time]
    metrics: dict[MetricName, bytes | Sparse | list[Number]]


class BinaryBatch(BatchHead, frozen=True):
    """Like `batch_schema.Batch`."""

    points: BinaryPoints | None = None


_decoder = msgspec.msgpack.Decoder(BinaryBatch)


def decode_binary(body: bytes) -> tuple[BinaryBatch, Columns]:
    """Decodes a body to the batch and its points as columns. Raises `ValidationError`, or `PayloadTooLargeError` beyond a limit."""
    try:
        batch = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationError(f"body: {error}") from None
    if batch.points is None:
        return batch, Columns.empty()
    return batch, _columns(batch.points)


def _columns(points: BinaryPoints) -> Columns:
    steps = _integers(points.step)
    times = _doubles(points.time, "points.time")
    metrics = {name: _column(name, values) for name, values in points.metrics.items()}
    check_lengths(len(steps), len(times), {name: len(column.values) for name, column in metrics.items()})
    if steps and not -MAX_STEP <= min(steps) <= max(steps) <= MAX_STEP:
        raise ValidationError(f"points.step: must lie between -2^53 and 2^53, not {min(steps)} to {max(steps)}")
    if not all(0 <= moment <= MAX_TIME for moment in times):
        raise ValidationError("points.time: must be Unix seconds between 0 and 1e11")
    return Columns(steps, times, array("d"), metrics)


def _column(name: str, values: bytes | Sparse | list[Number]) -> Column:
    if isinstance(values, list):
        return Column.from_list(values)
    if isinstance(values, bytes):
        return Column(_doubles(values, f"points.metrics.{name}"))
    numbers = _doubles(values.values, f"points.metrics.{name}")
    if len(values.present) != len(numbers) or values.present.translate(None, b"\0\1"):
        raise ValidationError(f"points.metrics.{name}: present must hold one byte 0 or 1 for every record")
    return Column(numbers, None if all(values.present) else values.present)


def _integers(data: bytes | list[int]) -> array[int]:
    return array("q", data) if isinstance(data, list) else _native(array("q"), data, "points.step")


def _doubles(data: bytes | list[float], where: str) -> array[float]:
    return array("d", data) if isinstance(data, list) else _native(array("d"), data, where)


def _native(numbers: array, data: bytes, where: str) -> array:  # type: ignore[type-arg]
    if len(data) % ITEM_BYTES:
        raise ValidationError(f"{where}: {len(data)} bytes are no whole number of 64-bit values")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
