"""Converts foreign names, numbers, times and media to valid, bounded values of a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pegbox.schemas.runs.metric_names import HUGGING_FACE_NAMES, canonical_name
from pegbox.sdk.recording.batch import MediaEntry
from pegbox.sdk.recording.media import Histogram, Table, Text

MAX_STEP = 2**53
MAX_TIME = 1e11
MAX_NAME = 200
FOREIGN_MEDIA = {"image", "images/separated", "audio", "video", "table", "html", "object3D", "plotly", "trace", "file"}
"""Kinds of media that are counted by name when left out."""

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def metric_name(name: str, logged: Mapping[str, Any]) -> str:
    """Pegbox's name of a metric, as in the dialects; at most 200 characters."""
    ours = HUGGING_FACE_NAMES.get(name, name)
    return canonical_name(name if ours in logged else ours, logged)[:MAX_NAME]


def label(text: str, default: str) -> str:
    """A printable name of one line, 1 to 200 characters."""
    plain = "".join(char if char.isprintable() else " " for char in text)[:MAX_NAME].strip()
    return plain or default


def storable(value: Any) -> Any:
    """Replaces characters that JSON parsers and databases refuse: NUL and lone surrogates."""
    if isinstance(value, str):
        return value if value.isprintable() else value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list) else value


def is_step(step: object) -> bool:
    """Whether a value is a valid step of a run."""
    return isinstance(step, int) and not isinstance(step, bool) and -MAX_STEP <= step <= MAX_STEP


def unix_time(seconds: float) -> float:
    """Unix seconds; 0 for a value out of range."""
    return seconds if 0 <= seconds <= MAX_TIME else 0.0


def unix_time_of_text(text: object) -> float:
    """Unix seconds of ISO 8601 text, UTC by default; 0 for invalid text."""
    try:
        parsed = datetime.fromisoformat(str(text))
        return unix_time((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return 0.0


def number_of(value: object) -> float | None:
    """The value of a metric from a number, a boolean, or the text of NaN or an infinity; `None` for other values."""
    if isinstance(value, bool | float):
        return float(value)
    if isinstance(value, int):
        return float(value) if abs(value) < 2**1000 else math.inf if value > 0 else -math.inf
    return NOT_FINITE.get(value) if isinstance(value, str) else None


def flattened(values: Mapping[str, Any], separator: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yields `("a.b", 1)` for `{"a": {"b": 1}}`. A dictionary with a `_type` is one value."""
    for name, value in values.items():
        if isinstance(value, dict) and "_type" not in value and depth < 20:
            for inner, item in flattened(value, separator, depth + 1):
                yield f"{name}{separator}{inner}", item
        else:
            yield str(name), value


def numbers_and_media(
    record: Mapping[str, Any], step: int, time: float, left_out: Counter[str], *, separator: str
) -> tuple[dict[str, float], list[MediaEntry]]:
    """The metrics and media in a record of JSON values; other values are counted in `left_out`."""
    flat = dict(flattened(record, separator))
    numbers: dict[str, float] = {}
    media: list[MediaEntry] = []
    for name, value in flat.items():
        number = number_of(value)
        if number is not None:
            numbers[metric_name(name, flat)] = number
            continue
        data = _media_data(value) if isinstance(value, dict) else None
        if data is None:
            left_out[_kind(value)] += 1
        else:
            media.append(MediaEntry(step, time, name[:MAX_NAME], data))
    return numbers, media


def _kind(value: object) -> str:
    if isinstance(value, dict):
        kind = str(value.get("_type")).removeprefix("trackio.").partition("-")[0]
        return kind if kind in FOREIGN_MEDIA else "object"
    return {str: "text value", list: "list", type(None): "empty value"}.get(type(value), "value")


def _media_data(value: dict[str, Any]) -> dict[str, Any] | None:
    """The data of a media entry from a histogram, text or table of Trackio or W&B; `None` if invalid."""
    kind = str(value.get("_type")).removeprefix("trackio.")
    try:
        if kind == "histogram":
            return histogram(value["bins"], value["values"])
        if kind == "markdown":
            return Text(str(value["_value"])).data
        if kind == "table" and isinstance(value["_value"], list):
            rows = value["_value"]
            columns = list(rows[0])
            return Table(columns, [[row.get(column) for column in columns] for row in rows]).data
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return None


def histogram(edges: list[float], counts: list[float]) -> dict[str, Any] | None:
    """The data of a histogram; `None` if edges or counts are invalid."""
    bounds = [float(edge) for edge in edges]
    rising = all(low <= high for low, high in pairwise(bounds))
    if not rising or not all(math.isfinite(edge) for edge in bounds):
        return None
    whole = [round(count) for count in counts]
    if not all(0 <= count <= MAX_STEP for count in whole):
        return None
    return Histogram(bounds, counts=whole).data
