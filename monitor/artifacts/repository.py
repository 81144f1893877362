"""Queries on artifacts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from pegbox.store.tables import RunArtifact

_artifact = RunArtifact.__table__  # type: ignore[attr-defined]


def put_artifact(connection: Connection, values: dict[str, Any]) -> bool:
    """Inserts or replaces the artifact of this name. True when the name is new."""
    same = (_artifact.c.run_id == values["run_id"]) & (_artifact.c.name == values["name"])
    replaced = connection.execute(delete(_artifact).where(same)).rowcount
    connection.execute(insert(_artifact).values(**values))
    return not replaced


def list_artifacts(connection: Connection, run_id: str, limit: int) -> list[RunArtifact]:
    """Returns the run's artifacts by name."""
    query = select(_artifact).where(_artifact.c.run_id == run_id).order_by(_artifact.c.name).limit(limit)
    return [RunArtifact(**row._mapping) for row in connection.execute(query)]


def find_artifact(connection: Connection, run_id: str, name: str) -> RunArtifact | None:
    query = select(_artifact).where(_artifact.c.run_id == run_id, _artifact.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else RunArtifact(**row._mapping)
