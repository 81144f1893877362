"""The engine, its SQLite settings, the session, and the upgrade of the schema.

Either service may start first: both call `upgrade`, which runs the migrations under a lock.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Engine, event, inspect, text
from sqlmodel import Session, create_engine

from pegbox.settings import Settings

BUSY_TIMEOUT_MS = 15_000
"""Two services share the SQLite file; a writer waits this long for the other one's commit."""

NEWEST = "0010"
"""The revision of the newest migration."""


def open_engine(settings: Settings) -> Engine:
    """An engine for the configured database; creates the data folder when it is missing."""
    settings.home.mkdir(parents=True, exist_ok=True)
    url = settings.resolved_database_url
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, json_deserializer=_read_json)
    # Without a ceiling: a request that waits for a connection holds a thread, which another may need to give its own back.
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        pool_size=20,
        max_overflow=-1,
        json_deserializer=_read_json,
    )
    event.listen(engine, "connect", _tune_sqlite)
    return engine


def _read_json(text: str) -> Any:
    """As `json.loads` reads it, in a third to a tenth of the time; a page of 20 jobs has 260 such texts."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)  # lone surrogates, which a script's settings may hold


def _tune_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # Counts only while the file is still empty: space that packing frees then goes back without rewriting the whole file.
    cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
    # WAL lets readers go on while one writes; FULL makes an acknowledged commit survive a power cut.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


def upgrade(engine: Engine, settings: Settings) -> None:
    """Brings the schema to the newest migration; safe to call from several processes at once."""
    if _schema_version(engine) == NEWEST:
        return  # nearly every start; Alembic is a sixth of what an idle service would keep in memory
    from pegbox.store.migration import migrate  # noqa: PLC0415

    migrate(engine, settings.home)


def _schema_version(engine: Engine) -> str | None:
    """The migration that the database is at; `None` for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return version


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
