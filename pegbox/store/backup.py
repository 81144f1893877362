"""Backup and restore of the embedded SQLite database: online backups, verified before a restore."""

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
"""Pause between two parts of a backup, so that writers get the lock."""

COMPANIONS = ("-wal", "-shm")

BackupProgress = Callable[[int, int], None]
"""Callback with the number of pages copied and the total number of pages."""


def database_path(settings: Settings) -> Path:
    """Returns the path of the SQLite file, which may not exist yet. Raises `UnavailableError` for a database server."""
    url = settings.resolved_database_url
    if not url.startswith("sqlite:///"):
        raise UnavailableError(
            "This works on the embedded database; for a server use its own tools (pg_dump, pg_restore)"
        )
    return Path(url.removeprefix("sqlite:///"))


def database_file(settings: Settings) -> Path:
    """Returns the path of the existing SQLite file. Raises `NotFoundError` if missing, `UnavailableError` for a server."""
    path = database_path(settings)
    if not path.is_file():
        raise NotFoundError(f"There is no database at {path} yet")
    return path


def find_damage(path: Path) -> list[str]:
    """Runs SQLite's integrity checks on the whole file. Returns their messages, an empty list for an intact file."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(100)")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchmany(100)
    except sqlite3.DatabaseError as error:
        return [str(error)]
    references = [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that does not exist" for row in broken]
    return [text for text in found if text != "ok"] + references


def back_up(source: Path, target: Path, progress: BackupProgress = lambda _copied, _all: None) -> None:
    """Writes a consistent snapshot to a new file while the database is in use.

    The file is created atomically. Raises `ConflictError` when it exists.
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
            write.execute("PRAGMA journal_mode=DELETE")  # a single file without -wal and -shm
        _fsync(unfinished)
        unfinished.rename(target)
        _fsync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(source: Path, database: Path) -> Path | None:
    """Replaces the database by a backup. Returns the path to which the old database was moved, None if there was none.

    No process may have the database open. Raises `NotFoundError` for a missing backup, `UnusableContentError` for an invalid one.
    """
    if not source.is_file():
        raise NotFoundError(f"There is no file {source}")
    damage = find_damage(source)
    if damage:
        raise UnusableContentError(f"{source} is no whole database: {damage[0]}")
    if not _is_pegbox_database(source):
        raise UnusableContentError(f"{source} is a database, but not one of Pegbox")
    database.parent.mkdir(parents=True, exist_ok=True)
    incoming = database.with_name(f"{database.name}.arriving")
    shutil.copyfile(source, incoming)
    _fsync(incoming)
    kept = _move_aside(database)
    incoming.rename(database)
    _fsync(database.parent)
    return kept


def _is_pegbox_database(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {"alembic_version", "run", "metric_batch"} <= names


def _move_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    kept = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    for ending in (*COMPANIONS, ""):  # the write-ahead log is part of the database
        part = database.with_name(database.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
