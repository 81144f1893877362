"""Foreign values made fit for a run: names, numbers, moments, settings. Whatever a file holds, what leaves here is bounded."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pegbox.schemas.runs.metric_names import BY_HUGGING_FACE, our_name
from pegbox.sdk.recording.batch import MediaEntry
from pegbox.sdk.recording.media import Histogram, Table, Text

MAX_STEP = 2**53
MAX_TIME = 1e11
MAX_NAME = 200
FOREIGN_MEDIA = {"image", "images/separated", "audio", "video", "table", "html", "object3D", "plotly", "trace", "file"}
"""What we count by name when we leave it out."""

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def metric_name(name: str, logged: Mapping[str, Any]) -> str:
    """Our word for a metric, as the dialects choose it; at most 200 characters."""
    ours = BY_HUGGING_FACE.get(name, name)
    return our_name(name if ours in logged else ours, logged)[:MAX_NAME]


def label(text: str, otherwise: str) -> str:
    """A name people can read: one line, 1 to 200 characters."""
    plain = "".join(char if char.isprintable() else " " for char in text)[:MAX_NAME].strip()
    return plain or otherwise


def storable(value: Any) -> Any:
    """Texts without the characters that JSON readers and databases refuse: NUL, and halves of surrogate pairs."""
    if isinstance(value, str):
        return value if value.isprintable() else value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list) else value


def is_step(step: object) -> bool:
    """Whether a run can have such a step."""
    return isinstance(step, int) and not isinstance(step, bool) and -MAX_STEP <= step <= MAX_STEP


def moment(seconds: float) -> float:
    """Unix seconds; 0 for what is none."""
    return seconds if 0 <= seconds <= MAX_TIME else 0.0


def moment_of_text(text: object) -> float:
    """Unix seconds of an ISO 8601 text, UTC unless it says otherwise; 0 for what is none."""
    try:
        parsed = datetime.fromisoformat(str(text))
        return moment((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return 0.0


def number_of(value: object) -> float | None:
    """A metric's value: a number, a truth value, or one of JSON's words for what is not finite. None for all else."""
    if isinstance(value, bool | float):
        return float(value)
    if isinstance(value, int):
        return float(value) if abs(value) < 2**1000 else math.inf if value > 0 else -math.inf
    return NOT_FINITE.get(value) if isinstance(value, str) else None


def flattened(values: Mapping[str, Any], separator: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """`{"a": {"b": 1}}` as `("a.b", 1)`. A dictionary that says its `_type` stays whole."""
    for name, value in values.items():
        if isinstance(value, dict) and "_type" not in value and depth < 20:
            for inner, item in flattened(value, separator, depth + 1):
                yield f"{name}{separator}{inner}", item
        else:
            yield str(name), value


def numbers_and_media(
    record: Mapping[str, Any], step: int, time: float, left_out: Counter[str], *, separator: str
) -> tuple[dict[str, float], list[MediaEntry]]:
    """A record of JSON values as what Pegbox keeps; what is neither is counted in `left_out`."""
    flat = dict(flattened(record, separator))
    numbers: dict[str, float] = {}
    media: list[MediaEntry] = []
    for name, value in flat.items():
        number = number_of(value)
        if number is not None:
            numbers[metric_name(name, flat)] = number
            continue
        data = _shown(value) if isinstance(value, dict) else None
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


def _shown(value: dict[str, Any]) -> dict[str, Any] | None:
    """A histogram, text or table of Trackio or W&B on our wire."""
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
    """On our wire; None for what is no histogram."""
    bounds = [float(edge) for edge in edges]
    rising = all(low <= high for low, high in pairwise(bounds))
    if not rising or not all(math.isfinite(edge) for edge in bounds):
        return None
    whole = [round(count) for count in counts]
    if not all(0 <= count <= MAX_STEP for count in whole):
        return None
    return Histogram(bounds, counts=whole).data
