"""Reads Aspara's data folder: `<project>/<run>.jsonl`, or `.wal.jsonl` and Parquet files, and `<run>.meta.json`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pegbox.importers.aspara_archive import read_archive
from pegbox.importers.aspara_lines import records, step_of, time_of
from pegbox.importers.sources import SourceRecord, SourceRun, SourceStream, damage_error
from pegbox.importers.values import label, numbers_and_media

META = ".meta.json"
LINES = ".jsonl"
WAL = ".wal.jsonl"
ARCHIVE = "_archive"
MAX_META_BYTES = 16 << 20
STALE_SECONDS = 3_600.0
"""A run without an end whose files are older than this counts as failed."""


def run_name(file: Path) -> str | None:
    """The name of the run that a file belongs to; `None` for other files."""
    for suffix in (META, WAL, LINES):
        if file.name.endswith(suffix):
            return file.name.removesuffix(suffix) or None
    return None


def read_run(folder: Path, name: str) -> SourceRun:
    """The run of that name in a project's folder. Raises `UnusableContentError` for damaged metadata."""
    run = SourceRun(
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
        run.streams.append(SourceStream(lines.name, partial(read_lines, run, lines)))
    if wal.is_file() or archive.is_dir():
        run.streams.append(SourceStream(archive.name, partial(read_archive, run, archive, wal)))
    modified = max((file.stat().st_mtime for file in (lines, wal) if file.is_file()), default=0.0)
    run.status = "running" if time.time() - modified < STALE_SECONDS else "failed"
    _read_metadata(run, folder / f"{name}{META}")
    return run


def _read_metadata(run: SourceRun, file: Path) -> None:
    if not file.is_file():
        return
    with file.open("rb") as handle:
        content = handle.read(MAX_META_BYTES + 1)
    try:
        if len(content) > MAX_META_BYTES:
            raise ValueError(f"more than {MAX_META_BYTES} bytes")
        metadata = json.loads(content)
        if not isinstance(metadata, dict):
            raise ValueError("no object")
    except (ValueError, RecursionError) as error:
        raise damage_error(file, 0, f"the run's metadata cannot be read ({error})") from None
    for name, target in (("params", run.config), ("config", run.config), ("summary", run.summary)):
        values = metadata.get(name)
        if isinstance(values, dict):
            target.update(values)
    if isinstance(metadata.get("notes"), str) and metadata["notes"]:
        run.config["_notes"] = metadata["notes"][:10_000]
    tags = metadata.get("tags")
    run.tags += (
        [label(tag, "tag")[:100] for tag in tags[:100] if isinstance(tag, str)] if isinstance(tags, list) else []
    )
    if metadata.get("is_finished"):
        run.status = "finished" if metadata.get("exit_code") in (0, None) else "failed"


def read_lines(run: SourceRun, path: Path, after: int) -> Iterator[SourceRecord]:
    """Yields the records after a byte offset of a file of JSON lines; skips an incomplete last line.

    The step of a line defaults to its number. Raises `UnusableContentError` for a damaged line.
    """
    for number, end, record in records(path):
        if end <= after:
            continue
        step = step_of(record, number)
        if step is None:
            run.left_out["step beyond 2^53"] += 1
            continue
        time_logged = time_of(record)
        numbers, media = numbers_and_media(record["metrics"], step, time_logged, run.left_out, separator=".")
        if numbers or media:
            yield SourceRecord(end, (*(((step, time_logged, numbers),) if numbers else ()), *media))
