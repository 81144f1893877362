"""Versions of an experiment's artifacts, and the runs that used them. Written by the monitor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from pegbox.store.tables.utc_datetime import UtcDateTime, now


class ArtifactVersion(SQLModel, table=True):
    """`manifest` lists files, `{path, digest, size}`, each stored under its SHA-256 in the artifact folder.

    An entry with `ref` refers to an external address. `details` is the client's metadata.
    """

    __tablename__ = "artifact_version"
    __table_args__ = (UniqueConstraint("experiment_id", "name", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: str = Field(foreign_key="experiment.id")
    name: str
    version: int
    type: str
    description: str | None = None
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    manifest: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    manifest_digest: str
    size_bytes: int = Field(sa_type=BigInteger)
    aliases: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    run_id: str | None = Field(default=None, index=True)
    created_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))


class ArtifactUse(SQLModel, table=True):
    """A run that used a version."""

    __tablename__ = "artifact_use"

    version_id: int = Field(primary_key=True, foreign_key="artifact_version.id")
    run_id: str = Field(primary_key=True)
    used_at: datetime = Field(default_factory=now, sa_column=Column(UtcDateTime, nullable=False))
