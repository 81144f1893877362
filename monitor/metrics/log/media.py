"""Media of a step: a histogram, a text or a table. Decoded and validated by msgspec."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_BINS = 1_000
MAX_TEXT = 100_000
MAX_TABLE_COLUMNS = 100
MAX_TABLE_ROWS = 1_000
MAX_CELL = 10_000

Cell = Annotated[str, Meta(max_length=MAX_CELL)] | float | int | bool | None


class Histogram(msgspec.Struct, frozen=True, tag="histogram", tag_field="kind"):
    """`counts[k]` counts the values between `edges[k]` and `edges[k + 1]`; `nonfinite` those that are NaN or infinite."""

    edges: Annotated[list[float], Meta(min_length=2, max_length=MAX_BINS + 1)]
    counts: Annotated[list[Annotated[int, Meta(ge=0, le=2**53)]], Meta(min_length=1, max_length=MAX_BINS)]
    nonfinite: Annotated[int, Meta(ge=0, le=2**53)] = 0

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError("a histogram has one edge more than counts")
        if any(high < low for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("a histogram's edges must rise")


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="kind"):
    text: Annotated[str, Meta(max_length=MAX_TEXT)]


class Table(msgspec.Struct, frozen=True, tag="table", tag_field="kind"):
    """Each row has one cell per column."""

    columns: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=MAX_TABLE_COLUMNS)]
    rows: Annotated[list[list[Cell]], Meta(max_length=MAX_TABLE_ROWS)]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row of a table must have as many cells as there are columns")


MediaData = Histogram | Text | Table
