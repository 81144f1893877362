"""Records that the log keeps beside metric points: sample sets, events and media. Decoded and checked by msgspec."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from monitor.metrics.log.media import MediaData

MAX_SAMPLE_ROWS = 1_000
MAX_METRIC_NAME = 200
MAX_STEP = 2**53
MAX_TIME = 1e11

Step = Annotated[int, Meta(ge=-MAX_STEP, le=MAX_STEP)]
Time = Annotated[float, Meta(ge=0, le=MAX_TIME)]
"""Unix seconds. The upper bound (the year 5138) keeps every time printable; milliseconds sent by mistake exceed it."""

MetricName = Annotated[str, Meta(min_length=1, max_length=MAX_METRIC_NAME)]
EventKind = Literal[
    "phase", "evaluation", "best", "checkpoint", "resumed", "warning", "alert", "finished", "failed", "note"
]


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
