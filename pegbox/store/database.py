"""The engine, its SQLite settings, the session, and the upgrade of the schema.

Either service may start first: both call `upgrade`, which runs the migrations under a lock.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, event, text
from sqlmodel import Session, create_engine

from pegbox.settings import Settings

BUSY_TIMEOUT_MS = 15_000
"""Two services share the SQLite file; a writer waits this long for the other one's commit."""

ADVISORY_LOCK = 0x5045_4742
"""PostgreSQL advisory lock held while migrating ("PEGB")."""


def open_engine(settings: Settings) -> Engine:
    """An engine for the configured database; creates the data folder when it is missing."""
    settings.home.mkdir(parents=True, exist_ok=True)
    url = settings.resolved_database_url
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    # Without a ceiling: a request that waits for a connection holds a thread, which another may need to give its own back.
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        pool_size=20,
        max_overflow=-1,
    )
    event.listen(engine, "connect", _tune_sqlite)
    return engine


def _tune_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on while one writes; FULL makes an acknowledged commit survive a power cut.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


def upgrade(engine: Engine, settings: Settings) -> None:
    """Brings the schema to the newest migration; safe to call from several processes at once."""
    config = Config()
    config.set_main_option("script_location", str(files("pegbox.store") / "migrations"))
    with _migration_lock(engine, settings.home), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _migration_lock(engine: Engine, home: Path) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with (home / ".migrate.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})


def open_session(engine: Engine) -> Session:
    """A session whose objects stay readable after the commit. Name it `db`."""
    return Session(engine, expire_on_commit=False)


def begin_write(db: Session) -> None:
    """Starts a transaction that no other writer can interleave with: what it reads stays true until it commits.

    Call it first in a session. On SQLite it takes the write lock at once, waiting for other writers; elsewhere the queries lock
    their rows with `with_for_update`, which SQLite ignores.
    """
    if db.get_bind().dialect.name == "sqlite":
        db.connection().exec_driver_sql("BEGIN IMMEDIATE")
