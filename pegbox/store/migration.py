"""Runs the migrations under a lock, one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

ADVISORY_LOCK = 0x5045_4742
"""PostgreSQL advisory lock held while migrating ("PEGB")."""


def migrate(engine: Engine, home: Path) -> None:
    """Upgrades the schema to the newest migration. With SQLite the lock file is in `home`."""
    config = Config()
    config.set_main_option("script_location", str(files("pegbox.store") / "migrations"))
    with _lock(engine, home), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _lock(engine: Engine, home: Path) -> Iterator[None]:
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
