"""Reads Trackio projects: one SQLite file each, `<project>.db`, with a row per log call."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pegbox.errors import UnusableContentError
from pegbox.importers.sources import SourceRecord, SourceRun, SourceStream
from pegbox.importers.values import is_step, label, metric_name, number_of, numbers_and_media, unix_time_of_text
from pegbox.sdk.recording.batch import Event

SUFFIXES = (".db", ".sqlite", ".sqlite3")
MAGIC = b"SQLite format 3\0"
MAX_ROW_BYTES = 4 << 20
LEVELS = {"info": "info", "warn": "warning", "error": "error"}

Row = tuple[Any, ...]


def is_project(file: Path) -> bool:
    """Whether a file is a SQLite database with Trackio's `metrics` table."""
    if file.suffix not in SUFFIXES:
        return False
    with file.open("rb") as handle:
        if handle.read(len(MAGIC)) != MAGIC:
            return False
    try:
        with closing(_open(file)) as database:
            return {"step", "metrics", "run_name", "timestamp"} <= _columns(database, "metrics")
    except sqlite3.Error:
        return False


def read_runs(file: Path) -> Iterator[SourceRun]:
    """Yields the runs of a project, oldest first. Raises `UnusableContentError` for a damaged file."""
    runs: dict[str, str] = {}
    with _Reading(file) as database:
        for table in ("metrics", "configs", "system_metrics"):
            if _columns(database, table):
                by = _run_column(database, table)
                for key, name in database.execute(
                    f"SELECT {by}, max(run_name) FROM {table} GROUP BY {by} ORDER BY min(id)"  # noqa: S608 - columns that this file knows, values are bound
                ):
                    runs.setdefault(str(key), str(name))
    for key, name in runs.items():
        run = SourceRun(
            format="trackio",
            origin=file,
            key=key,
            experiment=label(file.stem, "trackio"),
            name=label(name, "run"),
            streams=[],
        )
        for table, read in (("metrics", _metrics), ("system_metrics", _system_metrics), ("alerts", _alerts)):
            run.streams.append(SourceStream(table, partial(_read, run, table, read)))
        with _Reading(file) as database:
            run.config.update(_config(database, key))
        yield run


def _read(run: SourceRun, table: str, read: Any, after: int) -> Iterator[SourceRecord]:
    with _Reading(run.origin) as database:
        if _columns(database, table):
            yield from read(run, database, after)


def _metrics(run: SourceRun, database: sqlite3.Connection, after: int) -> Iterator[SourceRecord]:
    rows = _rows(run, database, "metrics", "id, timestamp, step", "metrics", after)
    for identity, timestamp, step, record in rows:
        if not is_step(step):
            run.left_out["step beyond 2^53"] += 1
            continue
        time = unix_time_of_text(timestamp)
        numbers, media = numbers_and_media(record, step, time, run.left_out, separator="/")
        point = ((step, time, numbers),) if numbers or not media else ()
        yield SourceRecord(identity, (*point, *media))


def _system_metrics(run: SourceRun, database: sqlite3.Connection, after: int) -> Iterator[SourceRecord]:
    """System metrics have no step: each is placed at the newest step of its time."""
    by = _run_column(database, "metrics")
    newest = f"SELECT step FROM metrics WHERE {by} = ? AND timestamp <= ? ORDER BY timestamp DESC, id DESC LIMIT 1"  # noqa: S608 - columns that this file knows, values are bound
    for identity, timestamp, record in _rows(run, database, "system_metrics", "id, timestamp", "metrics", after):
        found = database.execute(newest, (run.key, timestamp)).fetchone()
        step = found[0] if found and is_step(found[0]) else 0
        named = {f"system/{name}": value for name, value in record.items()}
        values = {metric_name(name, named): number_of(value) for name, value in named.items()}
        numbers = {name: value for name, value in values.items() if value is not None}
        if numbers:
            yield SourceRecord(identity, ((step, unix_time_of_text(timestamp), numbers),))


def _alerts(run: SourceRun, database: sqlite3.Connection, after: int) -> Iterator[SourceRecord]:
    query = (
        "SELECT id, timestamp, step, substr(title, 1, 500), substr(text, 1, 20000), level FROM alerts "  # noqa: S608 - columns that this file knows, values are bound
        f"WHERE {_run_column(database, 'alerts')} = ? AND id > ? ORDER BY id"
    )
    for identity, timestamp, step, title, detail, level in database.execute(query, (run.key, after)):
        valid_step = step if is_step(step) else None
        fields = (str(title or ""), str(detail or ""), LEVELS.get(level, "warning"))
        yield SourceRecord(identity, (Event(valid_step, unix_time_of_text(timestamp), "alert", *fields),))


def _rows(
    run: SourceRun, database: sqlite3.Connection, table: str, columns: str, record: str, after: int
) -> Iterator[Row]:
    """Yields the rows of the run after an id, with the JSON column decoded. Skips rows of more than 4 MiB."""
    query = (
        f"SELECT {columns}, CASE WHEN length({record}) <= {MAX_ROW_BYTES} THEN {record} END FROM {table} "  # noqa: S608 - columns that this file knows, values are bound
        f"WHERE {_run_column(database, table)} = ? AND id > ? ORDER BY id"
    )
    for row in database.execute(query, (run.key, after)):
        try:
            decoded = json.loads(row[-1]) if row[-1] is not None else None
        except (ValueError, TypeError, RecursionError):
            raise UnusableContentError(f"{run.origin}, table {table}, row {row[0]}: this is no JSON") from None
        if isinstance(decoded, dict):
            yield (*row[:-1], decoded)
        else:
            run.left_out["row of more than 4 MiB" if decoded is None else "row without names"] += 1


def _config(database: sqlite3.Connection, key: str) -> dict[str, Any]:
    if not _columns(database, "configs"):
        return {}
    query = (
        f"SELECT config FROM configs WHERE {_run_column(database, 'configs')} = ? AND length(config) <= {MAX_ROW_BYTES}"  # noqa: S608 - columns that this file knows, values are bound
    )
    found = database.execute(query, (key,)).fetchone()
    try:
        config = json.loads(found[0]) if found else {}
    except (ValueError, TypeError, RecursionError):
        return {}
    return {name: value for name, value in config.items() if value is not None} if isinstance(config, dict) else {}


def _run_column(database: sqlite3.Connection, table: str) -> str:
    """The column that identifies runs: files of Trackio before 0.20 have names only."""
    return "run_id" if "run_id" in _columns(database, table) else "run_name"


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    """The columns of a table; empty for a missing table or a view, whose query could run without end."""
    found = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return {row[1] for row in database.execute(f"PRAGMA table_info({table})")} if found else set()


def _open(file: Path) -> sqlite3.Connection:
    """Opens the database read-only, without disturbing a program that writes to it."""
    database = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=10)
    database.execute("PRAGMA trusted_schema = OFF")
    return database


class _Reading:
    """A connection for a `with` block; SQLite errors in the block become `UnusableContentError`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._database = _open(self._file)
        except sqlite3.Error as error:
            raise UnusableContentError(f"{self._file}: {error}") from None
        return self._database

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._database.close()
        if isinstance(error, sqlite3.Error | OverflowError):
            raise UnusableContentError(f"{self._file}: {error}") from None
