"""Encodes log entries as outbox lines: columnar batches within the monitor's limits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

MAX_VALUES = 20_000
MAX_POINTS = 2_000
MAX_NAMES = 10_000
"""The monitor accepts 8 MiB, 50,000 values and 10,000 names in one request."""

Point = tuple[int, float, dict[str, float]]
"""step, Unix seconds, values."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Answers of a model at one step."""

    step: int
    time: float
    name: str
    rows: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a run."""

    step: int | None
    time: float
    kind: str
    title: str
    detail: str
    level: str | None = None


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """A histogram, text or table of one step; `data` is its JSON form."""

    step: int
    time: float
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """An artifact to upload; `path` is a copy that is deleted afterwards."""

    name: str
    path: str
    size_bytes: int
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rewind:
    """Invalidates what was logged before for later steps."""

    step: int


@dataclass(frozen=True, slots=True)
class Patch:
    """An update of the run, kept in order with the other entries."""

    body: dict[str, Any]


Entry = Point | Samples | Event | MediaEntry | ArtifactFile | Rewind | Patch


class BatchEncoder:
    """Encodes the entries of one writer and numbers its batches."""

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.sequence = 0

    def lines(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """Yields the outbox lines for the entries, in order."""
        draft = BatchDraft()
        for entry in entries:
            if isinstance(entry, tuple):
                if not draft.add_point(entry):
                    yield self._batch(draft)
                    draft = BatchDraft()
                    draft.add_point(entry)
            elif isinstance(entry, Patch | ArtifactFile):
                if not draft.is_empty:
                    yield self._batch(draft)
                    draft = BatchDraft()
                yield _line(entry)
            elif isinstance(entry, Rewind):
                if not draft.is_empty:
                    yield self._batch(draft)
                draft = BatchDraft(rewind_to=entry.step)
            elif isinstance(entry, Samples | MediaEntry):
                if not draft.is_empty:
                    yield self._batch(draft)
                    draft = BatchDraft()
                (draft.samples if isinstance(entry, Samples) else draft.media).append(entry)  # type: ignore[arg-type]
            else:
                draft.events.append(entry)
        if not draft.is_empty:
            yield self._batch(draft)

    def _batch(self, draft: BatchDraft) -> bytes:
        self.sequence += 1
        return b'{"batch":' + draft.encode(self.writer, self.sequence) + b"}"


class BatchDraft:
    """A batch that is being filled."""

    def __init__(self, rewind_to: int | None = None) -> None:
        self.rewind_to = rewind_to
        self.points: list[Point] = []
        self.samples: list[Samples] = []
        self.events: list[Event] = []
        self.media: list[MediaEntry] = []
        self._names: set[str] = set()

    @property
    def is_empty(self) -> bool:
        return self.rewind_to is None and not (self.points or self.samples or self.events or self.media)

    def add_point(self, point: Point) -> bool:
        """Adds a point. False when the batch is full: every point takes a cell in every column, also if the cell is empty."""
        values = point[2]
        names = self._names if values.keys() <= self._names else self._names | values.keys()
        count = len(self.points) + 1
        if count > 1 and (count > MAX_POINTS or count * len(names) > MAX_VALUES):
            return False
        self._names = names
        self.points.append(point)
        return True

    def encode(self, writer: str, sequence: int) -> bytes:
        """The body of `POST /api/runs/{id}/batches`."""
        body: dict[str, Any] = {"writer": writer, "sequence": sequence}
        if self.rewind_to is not None:
            body["rewind_to"] = self.rewind_to
        if self.points:
            body["points"] = columns(self.points)
        if self.samples:
            body["samples"] = [
                {"step": sample.step, "time": sample.time, "name": sample.name, "rows": sample.rows}
                for sample in self.samples
            ]
        if self.events:
            body["events"] = [
                {
                    "step": event.step,
                    "time": event.time,
                    "kind": event.kind,
                    "title": event.title,
                    "detail": event.detail,
                    **({} if event.level is None else {"level": event.level}),
                }
                for event in self.events
            ]
        if self.media:
            body["media"] = [asdict(media) for media in self.media]
        try:
            encoded = json.dumps(body, separators=(",", ":"), allow_nan=False)
        except ValueError:  # JSON has no NaN and infinities: they are sent as text
            metrics = body["points"]["metrics"]
            body["points"]["metrics"] = {
                name: [wire_value(value) for value in column] for name, column in metrics.items()
            }
            encoded = json.dumps(body, separators=(",", ":"), allow_nan=False)
        return encoded.encode()


def columns(points: list[Point]) -> dict[str, Any]:
    """`{"step": […], "time": […], "metrics": {name: […]}}`; a point without a metric has `None` in that metric's column."""
    first = points[0][2].keys()
    if all(point[2].keys() == first for point in points):
        metrics: dict[str, list[float | None]] = {name: [point[2][name] for point in points] for name in first}
    else:
        names = dict.fromkeys(name for point in points for name in point[2])
        metrics = {name: [point[2].get(name) for point in points] for name in names}
    return {"step": [point[0] for point in points], "time": [point[1] for point in points], "metrics": metrics}


def wire_value(value: float | None) -> float | str | None:
    """The JSON form of a float: NaN and infinities become `"NaN"`, `"Infinity"` and `"-Infinity"`."""
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _line(entry: Patch | ArtifactFile) -> bytes:
    if isinstance(entry, Patch):
        return b'{"patch":' + _json(entry.body) + b"}"
    return b'{"file":' + _json(asdict(entry)) + b"}"


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), default=str).encode()
