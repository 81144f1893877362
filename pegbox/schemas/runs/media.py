"""API models of media of a step: histograms, texts, tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pegbox.schemas.base import Wire

Cell = Annotated[str, Field(max_length=10_000)] | float | int | bool | None


class HistogramData(Wire):
    """`counts[k]` counts the values between `edges[k]` and `edges[k + 1]`."""

    kind: Literal["histogram"]
    edges: Annotated[list[float], Field(min_length=2, max_length=1001)]
    counts: Annotated[list[Annotated[int, Field(ge=0, le=2**53)]], Field(min_length=1, max_length=1000)]
    nonfinite: int = Field(0, ge=0, le=2**53, description="Values that were NaN or infinite.")


class TextData(Wire):
    kind: Literal["text"]
    text: Annotated[str, Field(max_length=100_000)]


class TableData(Wire):
    """Each row has one cell per column."""

    kind: Literal["table"]
    columns: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=100)]
    rows: Annotated[list[list[Cell]], Field(max_length=1000)]


MediaData = Annotated[HistogramData | TextData | TableData, Field(discriminator="kind")]


class RunMedia(Wire):
    """One histogram, text or table of a run. `time` is Unix seconds."""

    seq: int
    step: int
    time: float
    name: str
    data: MediaData
