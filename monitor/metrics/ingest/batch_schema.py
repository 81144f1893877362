"""The schema and the limits of a batch. msgspec decodes and validates, since pydantic is too slow for the hot path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from monitor.metrics.log.columns import Columns
from monitor.metrics.log.records import Event, Media, MetricName, SampleSet, Step, Time
from pegbox.errors import PayloadTooLargeError, ValidationError

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_VALUES = 50_000
MAX_METRICS = 10_000
MAX_SAMPLE_SETS = 200
MAX_EVENTS = 1_000
MAX_MEDIA = 200

Number = float | Literal["NaN", "Infinity", "-Infinity"] | None


class Points(msgspec.Struct, frozen=True):
    """Columns of equal length; null where a point has no value for a metric."""

    step: list[Step]
    time: list[Time]
    metrics: dict[MetricName, list[Number]]


class BatchHead(msgspec.Struct, frozen=True):
    """The fields of a batch other than its points, the same in JSON and MessagePack."""

    writer: Annotated[str, Meta(min_length=1, max_length=64)]
    sequence: Annotated[int, Meta(ge=0, le=2**53)]
    rewind_to: Step | None = None
    samples: Annotated[list[SampleSet], Meta(max_length=MAX_SAMPLE_SETS)] = []
    events: Annotated[list[Event], Meta(max_length=MAX_EVENTS)] = []
    media: Annotated[list[Media], Meta(max_length=MAX_MEDIA)] = []


class Batch(BatchHead, frozen=True):
    """Body of `POST /api/runs/{id}/batches`."""

    points: Points | None = None


_decoder = msgspec.json.Decoder(Batch)


def decode_batch(body: bytes) -> tuple[Batch, Columns]:
    """Decodes a body to the batch and its points as columns. Raises `ValidationError`, or `PayloadTooLargeError` beyond a limit."""
    try:
        batch = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationError(f"body: {error}") from None
    points = batch.points
    if points is None:
        return batch, Columns.empty()
    check_lengths(len(points.step), len(points.time), {name: len(column) for name, column in points.metrics.items()})
    return batch, Columns.from_lists(points.step, points.time, points.metrics)


def check_lengths(steps: int, times: int, metrics: Mapping[str, int]) -> None:
    """Raises `PayloadTooLargeError` beyond the limits, `ValidationError` for unequal lengths. `metrics`: name to column length."""
    if len(metrics) > MAX_METRICS:
        raise PayloadTooLargeError(f"A batch carries at most {MAX_METRICS} metrics")
    if steps * max(1, len(metrics)) > MAX_VALUES:
        raise PayloadTooLargeError(f"A batch carries at most {MAX_VALUES} values (steps times metrics)")
    if times != steps or any(length != steps for length in metrics.values()):
        raise ValidationError("points: step, time and every metric must have the same length")
