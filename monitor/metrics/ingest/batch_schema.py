"""What a client may send in one batch, decoded and checked by msgspec: the hot path stays clear of pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from monitor.metrics.log.columns import Columns
from monitor.metrics.log.media import MediaData
from pegbox.errors import PayloadTooLargeError, ValidationError

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_VALUES = 50_000
MAX_METRICS = 10_000
MAX_SAMPLE_ROWS = 1_000
MAX_SAMPLE_SETS = 200
MAX_EVENTS = 1_000
MAX_MEDIA = 200
MAX_METRIC_NAME = 200
MAX_STEP = 2**53
MAX_TIME = 1e11

Step = Annotated[int, Meta(ge=-MAX_STEP, le=MAX_STEP)]
Time = Annotated[float, Meta(ge=0, le=MAX_TIME)]
"""Unix seconds; the bound (the year 5138) catches milliseconds sent by mistake only beyond reason, but keeps dates printable."""

Number = float | Literal["NaN", "Infinity", "-Infinity"] | None
MetricName = Annotated[str, Meta(min_length=1, max_length=MAX_METRIC_NAME)]
EventKind = Literal[
    "phase", "evaluation", "best", "checkpoint", "resumed", "warning", "alert", "finished", "failed", "note"
]


class Points(msgspec.Struct, frozen=True):
    """Columns of equal length; null where a record has no value for a metric."""

    step: list[Step]
    time: list[Time]
    metrics: dict[MetricName, list[Number]]


class SampleRow(msgspec.Struct, frozen=True):
    prompt: str = ""
    expected: str = ""
    answer: str = ""


class SampleSet(msgspec.Struct, frozen=True):
    step: Step
    time: Time
    name: Annotated[str, Meta(max_length=200)]
    rows: Annotated[list[SampleRow], Meta(max_length=MAX_SAMPLE_ROWS)]


class Event(msgspec.Struct, frozen=True):
    time: Time
    kind: EventKind
    title: Annotated[str, Meta(max_length=500)]
    step: Step | None = None
    detail: Annotated[str, Meta(max_length=20_000)] = ""
    level: Literal["info", "warning", "error"] | None = None


class Media(msgspec.Struct, frozen=True):
    step: Step
    time: Time
    name: MetricName
    data: MediaData


class BatchHead(msgspec.Struct, frozen=True):
    """What a batch says beside its points, in whichever form it travels."""

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
    """The batch and its points as arrays. Raises `ValidationError`, or `PayloadTooLargeError` beyond a limit."""
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
    """Refuses points beyond the limits, and columns of unequal length. `metrics` gives the length of each column."""
    if len(metrics) > MAX_METRICS:
        raise PayloadTooLargeError(f"A batch carries at most {MAX_METRICS} metrics")
    if steps * max(1, len(metrics)) > MAX_VALUES:
        raise PayloadTooLargeError(f"A batch carries at most {MAX_VALUES} values (steps times metrics)")
    if times != steps or any(length != steps for length in metrics.values()):
        raise ValidationError("points: step, time and every metric must have the same length")
