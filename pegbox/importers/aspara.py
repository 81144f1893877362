"""Aspara's data folder: `<project>/<run>.jsonl` or, by its other backend, `.wal.jsonl` and Parquet files; and `<run>.meta.json`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pegbox.importers.sources import FoundRun, Placed, Stream, damaged
from pegbox.importers.values import is_step, label, moment, moment_of_text, number_of, numbers_and_media

META = ".meta.json"
LINES = ".jsonl"
WAL = ".wal.jsonl"
ARCHIVE = "_archive"
MAX_LINE_BYTES = 4 << 20
MAX_META_BYTES = 16 << 20
STILL_SECONDS = 3_600.0
"""A run that says no end and was not written to for so long belongs to a process that died."""


def run_name(file: Path) -> str | None:
    """The run that a file of metrics or about it belongs to; None for other files."""
    for suffix in (META, WAL, LINES):
        if file.name.endswith(suffix):
            return file.name.removesuffix(suffix) or None
    return None


def run_in(folder: Path, name: str) -> FoundRun:
    """The run of that name in a project's folder. Raises `UnusableContentError` for metadata that cannot be read."""
    run = FoundRun(
        format="aspara",
        origin=folder,
        key=name,
        experiment=label(folder.name, "aspara"),
        name=label(name, "run"),
        streams=[],
    )
    lines = folder / f"{name}{LINES}"
    wal, archive = folder / f"{name}{WAL}", folder / f"{name}{ARCHIVE}"
    if lines.is_file():
        run.streams.append(Stream(lines.name, partial(read_lines, run, lines)))
    if wal.is_file() or archive.is_dir():
        from pegbox.importers.aspara_archive import read_archive  # noqa: PLC0415 - pyarrow, for who has such files

        run.streams.append(Stream(archive.name, partial(read_archive, run, archive, wal)))
    written = max((file.stat().st_mtime for file in (lines, wal) if file.is_file()), default=0.0)
    run.status = "running" if time.time() - written < STILL_SECONDS else "failed"
    _describe(run, folder / f"{name}{META}")
    return run


def _describe(run: FoundRun, file: Path) -> None:
    if not file.is_file():
        return
    with file.open("rb") as opened:
        content = opened.read(MAX_META_BYTES + 1)
    try:
        if len(content) > MAX_META_BYTES:
            raise ValueError(f"more than {MAX_META_BYTES} bytes")
        said = json.loads(content)
        if not isinstance(said, dict):
            raise ValueError("no object")
    except (ValueError, RecursionError) as error:
        raise damaged(file, 0, f"the run's metadata cannot be read ({error})") from None
    for name, target in (("params", run.config), ("config", run.config), ("summary", run.summary)):
        values = said.get(name)
        if isinstance(values, dict):
            target.update(values)
    if isinstance(said.get("notes"), str) and said["notes"]:
        run.config["_notes"] = said["notes"][:10_000]
    tags = said.get("tags")
    run.tags += (
        [label(tag, "tag")[:100] for tag in tags[:100] if isinstance(tag, str)] if isinstance(tags, list) else []
    )
    if said.get("is_finished"):
        run.status = "finished" if said.get("exit_code") in (0, None) else "failed"


def read_lines(run: FoundRun, path: Path, after: int) -> Iterator[Placed]:
    """What stands behind a byte of a file of JSON lines; a line without an end is still being written.

    A line without a step takes the number of its line. Raises `UnusableContentError` for a line that is none of Aspara's.
    """
    for number, end, record in records(path):
        if end <= after:
            continue
        at = step_of(record, number)
        if at is None:
            run.left_out["step beyond 2^53"] += 1
            continue
        when = time_of(record)
        numbers, media = numbers_and_media(record["metrics"], at, when, run.left_out, separator=".")
        if numbers or media:
            yield Placed(end, (*(((at, when, numbers),) if numbers else ()), *media))


def records(path: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Number of the line from 0, position behind it, its record. Raises `UnusableContentError`."""
    begin = number = 0
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise damaged(path, begin, f"a line of more than {MAX_LINE_BYTES} bytes")
            if not line.endswith(b"\n"):
                return
            end = begin + len(line)
            if line.strip():
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    raise damaged(path, begin, "a line that is no JSON") from None
                if not isinstance(record, dict) or not isinstance(record.get("metrics"), dict):
                    raise damaged(path, begin, "a line without metrics")
                yield number, end, record
                number += 1
            begin = end


def step_of(record: dict[str, Any], number: int) -> int | None:
    """A record's step, its number if it has none; None for one that no run can have."""
    step = record.get("step")
    if step is None:
        return number
    return step if is_step(step) else None


def time_of(record: dict[str, Any]) -> float:
    """Unix seconds; the file has milliseconds, or a text."""
    stamp = record.get("timestamp")
    milliseconds = None if isinstance(stamp, str) else number_of(stamp)
    return moment_of_text(stamp) if milliseconds is None else moment(milliseconds / 1000)
