"""The one row that both services insert: an experiment, by its unique name."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from pegbox.store.tables import Experiment, now

_experiment = Experiment.__table__  # type: ignore[attr-defined]


def new_experiment_id() -> str:
    """`exp-<10 hex>`."""
    return f"exp-{secrets.token_hex(5)}"


def ensure_experiment(connection: Connection, name: str) -> str:
    """The id of the experiment with this name, made now if it is new. Both services may do so at once."""
    dialect: Any = sqlite
    if connection.dialect.name != "sqlite":
        from sqlalchemy.dialects import postgresql as dialect  # noqa: PLC0415 - two megabytes that few monitors need
    values = {"id": new_experiment_id(), "name": name, "description": "", "created_at": now()}
    connection.execute(dialect.insert(_experiment).values(**values).on_conflict_do_nothing(index_elements=["name"]))
    return str(connection.execute(select(_experiment.c.id).where(_experiment.c.name == name)).scalar_one())
