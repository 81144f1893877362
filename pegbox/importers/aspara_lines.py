"""Aspara's JSON lines: one record of metrics per line, in both of its storage formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pegbox.importers.sources import damage_error
from pegbox.importers.values import is_step, number_of, unix_time, unix_time_of_text

MAX_LINE_BYTES = 4 << 20


def records(path: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yields line number (from 0), end offset and record of each complete line. Raises `UnusableContentError`."""
    begin = number = 0
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise damage_error(path, begin, f"a line of more than {MAX_LINE_BYTES} bytes")
            if not line.endswith(b"\n"):
                return
            end = begin + len(line)
            if line.strip():
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    raise damage_error(path, begin, "a line that is no JSON") from None
                if not isinstance(record, dict) or not isinstance(record.get("metrics"), dict):
                    raise damage_error(path, begin, "a line without metrics")
                yield number, end, record
                number += 1
            begin = end


def step_of(record: dict[str, Any], number: int) -> int | None:
    """The step of a record, by default its line number; `None` for a step that a run cannot have."""
    step = record.get("step")
    if step is None:
        return number
    return step if is_step(step) else None


def time_of(record: dict[str, Any]) -> float:
    """The time of a record in Unix seconds; the file holds milliseconds or ISO 8601 text."""
    stamp = record.get("timestamp")
    milliseconds = None if isinstance(stamp, str) else number_of(stamp)
    return unix_time_of_text(stamp) if milliseconds is None else unix_time(milliseconds / 1000)
