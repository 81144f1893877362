"""Converts Trackio's objects with a `_type` (tables, histograms, images, traces) to media of a run, and back.

Histograms and tables map to the monitor's types. Other types are stored as JSON text without loss; the file of an image is an
artifact of the run, which the JSON refers to.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from monitor.metrics.log.media import MAX_TEXT, Cell, Histogram, MediaData, Table, Text
from pegbox.schemas.runs.media import HistogramData, TableData, TextData

PREFIX = "trackio."
MARK = '{"_type":"trackio.'


def to_media(value: Any) -> MediaData:
    """Converts a value that is not a number to media. Raises `ValueError` when the value is too large."""
    if isinstance(value, str):
        return _text(value)
    kind = value.get("_type") if isinstance(value, dict) else None
    with contextlib.suppress(msgspec.ValidationError, ValueError, TypeError):
        if kind == "trackio.histogram":
            return msgspec.convert({"kind": "histogram", "edges": value["bins"], "counts": value["values"]}, Histogram)
        if kind == "trackio.table":
            return _table(value["_value"])
        if kind == "trackio.markdown" and not value["_value"].startswith(MARK):
            return _text(value["_value"])
    # `_type` comes first: `from_media` recognizes stored JSON by this prefix.
    typed = {"_type": kind, **value} if kind is not None else value
    return _text(msgspec.json.encode(typed).decode())


def _text(text: str) -> Text:
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters of text; at most {MAX_TEXT} are kept")
    if "\0" in text:
        raise ValueError("text with NUL characters")
    return Text(text)


def _table(rows: list[dict[str, Any]]) -> Table:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    return msgspec.convert({"kind": "table", "columns": columns, "rows": cells}, Table)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float):
        return value
    return msgspec.json.encode(value).decode()


def from_media(data: HistogramData | TextData | TableData) -> dict[str, Any] | list[Any]:
    """Converts stored media to Trackio's value."""
    if isinstance(data, HistogramData):
        return {"_type": "trackio.histogram", "bins": data.edges, "values": data.counts}
    if isinstance(data, TableData):
        rows = [dict(zip(data.columns, row, strict=True)) for row in data.rows]
        return {"_type": "trackio.table", "_value": rows}
    text = data.text
    if text.startswith((MARK, f"[{MARK}")):
        with contextlib.suppress(msgspec.DecodeError):
            value: dict[str, Any] | list[Any] = msgspec.json.decode(text)
            return value
    return {"_type": "trackio.markdown", "_value": text}


def find_traces(value: Any) -> list[dict[str, Any]]:
    """Returns the traces in a value."""
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, dict) and item.get("_type") == "trackio.trace"]
