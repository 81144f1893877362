"""Creates experiments by their unique name. The only rows that both services insert."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from pegbox.store.tables import Experiment, now

_experiment = Experiment.__table__  # type: ignore[attr-defined]


def new_experiment_id() -> str:
    """Returns a new id, `exp-<10 hex digits>`."""
    return f"exp-{secrets.token_hex(5)}"


def ensure_experiment(connection: Connection, name: str) -> str:
    """Returns the id of the experiment with this name, created if missing. Safe to call from both services at once."""
    dialect: Any = sqlite
    if connection.dialect.name != "sqlite":
        from sqlalchemy.dialects import postgresql as dialect  # noqa: PLC0415 - saves two megabytes of memory with SQLite
    values = {"id": new_experiment_id(), "name": name, "description": "", "created_at": now()}
    connection.execute(dialect.insert(_experiment).values(**values).on_conflict_do_nothing(index_elements=["name"]))
    return str(connection.execute(select(_experiment.c.id).where(_experiment.c.name == name)).scalar_one())
