"""API models of metric points: batches and series."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pegbox.schemas.base import Wire
from pegbox.schemas.runs.media import MediaData
from pegbox.schemas.runs.run import AlertLevel, EventKind, SampleRow

Step = Annotated[int, Field(ge=-(2**53), le=2**53)]
Time = Annotated[float, Field(ge=0, le=1e11, description="Unix seconds.")]
Number = float | Literal["NaN", "Infinity", "-Infinity"] | None
MetricName = Annotated[str, Field(min_length=1, max_length=200)]


class PointColumns(Wire):
    """Columns of equal length; null where a point has no value for a metric."""

    step: list[Step]
    time: list[Time]
    metrics: dict[MetricName, list[Number]]


class BatchSamples(Wire):
    step: Step
    time: Time
    name: Annotated[str, Field(max_length=200)]
    rows: Annotated[list[SampleRow], Field(max_length=1000)]


class BatchEvent(Wire):
    time: Time
    kind: EventKind
    title: Annotated[str, Field(max_length=500)]
    step: Step | None = None
    detail: Annotated[str, Field(max_length=20_000)] = ""
    level: AlertLevel | None = None


class BatchMedia(Wire):
    step: Step
    time: Time
    name: MetricName
    data: MediaData


class BatchCreate(Wire):
    """Body of `POST /api/runs/{id}/batches`: at most 8 MiB, 50,000 values, 10,000 metrics."""

    writer: Annotated[str, Field(min_length=1, max_length=64, description="One per sending process.")]
    sequence: Annotated[
        int, Field(ge=0, le=2**53, description="Number of the writer's batch, ascending; a repeated batch counts once.")
    ]
    rewind_to: Step | None = Field(None, description="Drops earlier records of the run with a greater step.")
    points: PointColumns | None = None
    samples: Annotated[list[BatchSamples], Field(max_length=200)] = Field(default_factory=list)
    events: Annotated[list[BatchEvent], Field(max_length=1000)] = Field(default_factory=list)
    media: Annotated[list[BatchMedia], Field(max_length=200)] = Field(default_factory=list)


class BatchAccepted(Wire):
    """The response to a batch, sent after the commit."""

    acknowledged: int = Field(description="The batch's sequence number.")
    seq: int = Field(description="Cursor of the batch's last record.")


class WriterView(Wire):
    """Body of `GET /api/runs/{id}/writers/{writer}`."""

    writer: str
    sequence: int = Field(
        description="The highest sequence number of its batches that are committed, -1 before the first."
    )


class SeriesBuckets(Wire):
    """One metric, downsampled to chart columns: arrays of equal length, except `nonfinite`."""

    x: list[float] = Field(description="Last position of each column.")
    mean: list[float]
    min: list[float]
    max: list[float]
    count: list[int] = Field(description="Finite values in the column.")
    nonfinite: list[float] = Field(description="Positions of NaN and infinite values.")
    epoch: list[float | None]
    time: list[float] = Field(description="Unix seconds of each column's last value.")


class SeriesSet(Wire):
    """Body of `GET /api/runs/{id}/series`."""

    x: Literal["step", "time", "epoch"]
    series: dict[str, SeriesBuckets]
    last_seq: int = Field(description="Cursor of the newest included record; follow the feed from here.")
