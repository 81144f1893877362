"""From single log calls to the lines that travel: columnar batches, cut to the monitor's limits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

MAX_VALUES = 20_000
MAX_POINTS = 2_000
MAX_NAMES = 10_000
MAX_SAMPLE_BYTES = 2 << 20
"""Well below what the monitor accepts in one request (8 MiB, 50,000 values, 10,000 names)."""

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
    """Something that happened."""

    step: int | None
    time: float
    kind: str
    title: str
    detail: str
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A histogram, text or table of one step; `data` is its form on the wire."""

    step: int
    time: float
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """A file to keep with the run; `path` is a copy that is ours to delete."""

    name: str
    path: str
    size_bytes: int
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rewind:
    """What was logged before with a greater step no longer counts."""

    step: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of the run itself, in order with what is logged around it."""

    body: dict[str, Any]


Entry = Point | Samples | Event | Shown | File | Rewind | Patch


class BatchEncoder:
    """Numbers the batches of one writer."""

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.sequence = 0

    def lines(self, entries: Iterable[Entry]) -> Iterator[bytes]:
        """The outbox lines for the entries, in order."""
        draft = Draft()
        for entry in entries:
            if isinstance(entry, tuple):
                if not draft.add_point(entry):
                    yield self._batch(draft)
                    draft = Draft()
                    draft.add_point(entry)
            elif isinstance(entry, Patch | File):
                if not draft.is_empty:
                    yield self._batch(draft)
                    draft = Draft()
                yield _line(entry)
            elif isinstance(entry, Rewind):
                if not draft.is_empty:
                    yield self._batch(draft)
                draft = Draft(rewind_to=entry.step)
            elif isinstance(entry, Samples | Shown):
                if not draft.is_empty:
                    yield self._batch(draft)
                    draft = Draft()
                (draft.samples if isinstance(entry, Samples) else draft.media).append(entry)  # type: ignore[arg-type]
            else:
                draft.events.append(entry)
        if not draft.is_empty:
            yield self._batch(draft)

    def _batch(self, draft: Draft) -> bytes:
        self.sequence += 1
        return b'{"batch":' + draft.encode(self.writer, self.sequence) + b"}"


class Draft:
    """The batch being filled."""

    def __init__(self, rewind_to: int | None = None) -> None:
        self.rewind_to = rewind_to
        self.points: list[Point] = []
        self.samples: list[Samples] = []
        self.events: list[Event] = []
        self.media: list[Shown] = []
        self._names: set[str] = set()

    @property
    def is_empty(self) -> bool:
        return self.rewind_to is None and not (self.points or self.samples or self.events or self.media)

    def add_point(self, point: Point) -> bool:
        """False when the batch is full: on the wire every point takes a place in every column, be it empty."""
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
        except ValueError:  # a metric that is not finite: JSON has no word for it, the wire writes it as text
            metrics = body["points"]["metrics"]
            body["points"]["metrics"] = {
                name: [wire_value(value) for value in column] for name, column in metrics.items()
            }
            encoded = json.dumps(body, separators=(",", ":"), allow_nan=False)
        return encoded.encode()


def columns(points: list[Point]) -> dict[str, Any]:
    """`{"step": […], "time": […], "metrics": {name: […]}}`; a point without a metric has `None` in its column."""
    first = points[0][2].keys()
    if all(point[2].keys() == first for point in points):
        metrics: dict[str, list[float | None]] = {name: [point[2][name] for point in points] for name in first}
    else:
        names = dict.fromkeys(name for point in points for name in point[2])
        metrics = {name: [point[2].get(name) for point in points] for name in names}
    return {"step": [point[0] for point in points], "time": [point[1] for point in points], "metrics": metrics}


def wire_value(value: float | None) -> float | str | None:
    """A float as JSON can carry it: `"NaN"`, `"Infinity"` and `"-Infinity"` are text."""
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _line(entry: Patch | File) -> bytes:
    if isinstance(entry, Patch):
        return b'{"patch":' + _json(entry.body) + b"}"
    return b'{"file":' + _json(asdict(entry)) + b"}"


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), default=str).encode()
