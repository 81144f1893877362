"""Histograms, texts and tables of a run, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.pages.datasets.histogram import HEIGHT, Bar, bars_of
from backend.pages.frame import filters
from pegbox.store.tables import RunMedia

WIDTH = 420.0
MOST_ROWS = 50


@dataclass(frozen=True)
class MediaView:
    """The newest media of a name. `kind` decides which fields are filled; `note` says what is not shown."""

    name: str
    kind: str
    step: str
    note: str
    text: str
    columns: list[str]
    rows: list[list[str]]
    bars: list[Bar]
    width: float
    height: int


def media_view(media: RunMedia, count: int) -> MediaView:
    """`count` is the number of steps with media of this name."""
    data = media.data
    notes = [f"of {filters.whole(count)} steps"] if count > 1 else []
    rows: list[list[str]] = []
    if data["kind"] == "table":
        rows = [[_cell(cell) for cell in row] for row in data["rows"][:MOST_ROWS]]
        if len(data["rows"]) > MOST_ROWS:
            notes.append(f"first {MOST_ROWS} of {filters.whole(len(data['rows']))} rows")
    if data.get("nonfinite"):
        notes.append(f"{filters.whole(data['nonfinite'])} not finite")
    return MediaView(
        name=media.name,
        kind=data["kind"],
        step=filters.whole(media.step),
        note=", ".join(notes),
        text=str(data.get("text", "")),
        columns=[str(name) for name in data.get("columns", [])],
        rows=rows,
        bars=_bars(data) if data["kind"] == "histogram" else [],
        width=WIDTH,
        height=HEIGHT + 18,
    )


def _bars(data: dict[str, Any]) -> list[Bar]:
    counts, edges = data["counts"], data["edges"]
    width = WIDTH / len(counts)
    texts = [
        f"{filters.whole(count)} from {filters.figure(edges[index])} to {filters.figure(edges[index + 1])}"
        for index, count in enumerate(counts)
    ]
    every = max(1, len(counts) // 6)
    labels = [filters.figure(edges[index], 2) if index % every == 0 else "" for index in range(len(counts))]
    return bars_of(counts, width, min(2.0, width / 5), texts, labels)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return filters.figure(value) if isinstance(value, float) else str(value)
