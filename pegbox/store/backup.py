"""Copies of the embedded database: made while it is in use, checked before they replace anything."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pegbox.errors import ConflictError, NotFoundError, UnavailableError, UnusableContentError
from pegbox.settings import Settings

PAGES_AT_ONCE = 2_000
PAUSE_SECONDS = 0.002
"""Between two parts of a backup, so that writers come in between."""

COMPANIONS = ("-wal", "-shm")

Progress = Callable[[int, int], None]
"""Receives pages copied and pages in all."""


def database_path(settings: Settings) -> Path:
    """Where the SQLite file lies or will lie. Raises `UnavailableError` for a database server."""
    url = settings.resolved_database_url
    if not url.startswith("sqlite:///"):
        raise UnavailableError(
            "This works on the embedded database; for a server use its own tools (pg_dump, pg_restore)"
        )
    return Path(url.removeprefix("sqlite:///"))


def database_file(settings: Settings) -> Path:
    """The SQLite file in use. Raises as `database_path` does, and `NotFoundError` when there is none yet."""
    path = database_path(settings)
    if not path.is_file():
        raise NotFoundError(f"There is no database at {path} yet")
    return path


def find_damage(path: Path) -> list[str]:
    """What SQLite finds wrong with a file, in its own words; empty when it is whole. Reads all of it."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(100)")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchmany(100)
    except sqlite3.DatabaseError as error:
        return [str(error)]
    references = [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that does not exist" for row in broken]
    return [text for text in found if text != "ok"] + references


def back_up(source: Path, target: Path, progress: Progress = lambda _copied, _all: None) -> None:
    """Writes the state of one moment to a new file, while others go on reading and writing.

    The file appears whole or not at all. Raises `ConflictError` when it exists.
    """
    if target.exists():
        raise ConflictError(f"{target} exists; a backup replaces nothing")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with (
            contextlib.closing(sqlite3.connect(source)) as read,
            contextlib.closing(sqlite3.connect(unfinished)) as write,
        ):
            read.backup(
                write,
                pages=PAGES_AT_ONCE,
                sleep=PAUSE_SECONDS,
                progress=lambda _status, remaining, total: progress(total - remaining, total),
            )
            write.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
        _force_to_disk(unfinished)
        unfinished.rename(target)
        _force_to_disk(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(source: Path, database: Path) -> Path | None:
    """Puts a backup in place of the database, which is kept beside it; its new path, or `None` when there was none.

    Nobody may have the database open. Raises `NotFoundError` and `UnusableContentError` for a backup that cannot serve.
    """
    if not source.is_file():
        raise NotFoundError(f"There is no file {source}")
    damage = find_damage(source)
    if damage:
        raise UnusableContentError(f"{source} is no whole database: {damage[0]}")
    if not _holds_our_tables(source):
        raise UnusableContentError(f"{source} is a database, but not one of Pegbox")
    database.parent.mkdir(parents=True, exist_ok=True)
    arriving = database.with_name(f"{database.name}.arriving")
    shutil.copyfile(source, arriving)
    _force_to_disk(arriving)
    kept = _set_aside(database)
    arriving.rename(database)
    _force_to_disk(database.parent)
    return kept


def _holds_our_tables(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {"alembic_version", "run", "metric_batch"} <= names


def _set_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    kept = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    for ending in (*COMPANIONS, ""):  # what the log holds belongs to the database
        part = database.with_name(database.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
