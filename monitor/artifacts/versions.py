"""Versions of an experiment's artifacts: sets of files that a run produced, and the runs that used them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from monitor.context import Monitor
from pegbox.errors import NotFoundError
from pegbox.store.experiments import ensure_experiment
from pegbox.store.tables import ArtifactUse, ArtifactVersion, Experiment, Run, now

LATEST = "latest"

_version = ArtifactVersion.__table__  # type: ignore[attr-defined]
_use = ArtifactUse.__table__  # type: ignore[attr-defined]
_experiment = Experiment.__table__  # type: ignore[attr-defined]
_run = Run.__table__  # type: ignore[attr-defined]

VersionRow = Row[Any]
"""All columns of the version, plus `run_name` of the run that produced it."""


@dataclass(frozen=True, slots=True)
class VersionDraft:
    """A version to log. `manifest` has the format of the table column, sorted by path."""

    experiment: str
    name: str
    type: str
    manifest: Sequence[dict[str, Any]]
    description: str | None = None
    details: dict[str, Any] | None = None
    aliases: Sequence[str] = ()
    run_id: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest: equal for equal content."""
        return hashlib.sha256(msgspec.json.encode(list(self.manifest), order="sorted")).hexdigest()


def log_version(monitor: Monitor, draft: VersionDraft) -> VersionRow:
    """Logs the next version and moves its aliases from older versions. Returns the newest version if the content is unchanged."""

    def operation(connection: Connection) -> VersionRow:
        experiment_id = ensure_experiment(connection, draft.experiment)
        newest = _newest(connection, experiment_id, draft.name)
        if newest is None or newest.manifest_digest != draft.digest:
            version = 0 if newest is None else newest.version + 1
            inserted = connection.execute(insert(_version).values(**_values(draft, experiment_id, version)))
            version_id = int((inserted.inserted_primary_key or (0,))[0])
        else:
            version_id = newest.id
        _move_aliases(connection, experiment_id, draft.name, version_id, [LATEST, *draft.aliases])
        return get_version(connection, version_id)

    return monitor.writer.call(operation)


def _values(draft: VersionDraft, experiment_id: str, version: int) -> dict[str, Any]:
    return {
        "experiment_id": experiment_id,
        "name": draft.name,
        "version": version,
        "type": draft.type,
        "description": draft.description,
        "details": draft.details or {},
        "manifest": list(draft.manifest),
        "manifest_digest": draft.digest,
        "size_bytes": sum(int(entry["size"]) for entry in draft.manifest),
        "aliases": [],
        "run_id": draft.run_id,
        "created_at": now(),
    }


def _move_aliases(
    connection: Connection, experiment_id: str, name: str, version_id: int, aliases: Sequence[str]
) -> None:
    of_artifact = select(_version.c.id, _version.c.aliases).where(
        _version.c.experiment_id == experiment_id, _version.c.name == name
    )
    for row in connection.execute(of_artifact).all():
        others = [alias for alias in row.aliases if alias not in aliases]
        wanted = list(dict.fromkeys([*aliases, *others])) if row.id == version_id else others
        if wanted != row.aliases:
            connection.execute(update(_version).where(_version.c.id == row.id).values(aliases=wanted))


def _query() -> Select[Any]:
    return (
        select(*_version.c, _run.c.name.label("run_name"))
        .join(_experiment, _experiment.c.id == _version.c.experiment_id)
        .join(_run, _run.c.id == _version.c.run_id, isouter=True)
    )


def _newest(connection: Connection, experiment_id: str, name: str) -> VersionRow | None:
    same = (_version.c.experiment_id == experiment_id) & (_version.c.name == name)
    return connection.execute(_query().where(same).order_by(_version.c.version.desc()).limit(1)).first()


def get_version(connection: Connection, version_id: int) -> VersionRow:
    """Returns a version by its id. Raises `NotFoundError`."""
    row = connection.execute(_query().where(_version.c.id == version_id)).first()
    if row is None:
        raise NotFoundError(f"Artifact version not found: {version_id}")
    return row


def find_version(monitor: Monitor, experiment: str, name: str, reference: str) -> VersionRow | None:
    """Finds the version for an alias or `v<number>`."""
    rows = list_versions(monitor, experiment, name=name)
    number = (
        int(reference[1:]) if reference[:1] == "v" and reference[1:].isascii() and reference[1:].isdigit() else None
    )
    return next((row for row in rows if reference in row.aliases or row.version == number), None)


def list_versions(
    monitor: Monitor, experiment: str, *, name: str | None = None, run_id: str | None = None, limit: int = 1_000
) -> list[VersionRow]:
    """Returns versions, newest first, optionally of one artifact or one run."""
    query = _query().where(_experiment.c.name == experiment)
    if name is not None:
        query = query.where(_version.c.name == name)
    if run_id is not None:
        query = query.where(_version.c.run_id == run_id)
    with monitor.engine.connect() as connection:
        return list(connection.execute(query.order_by(_version.c.id.desc()).limit(limit)))


def log_use(monitor: Monitor, version_id: int, run_id: str) -> None:
    """Records that a run used the version. Raises `NotFoundError`."""

    def operation(connection: Connection) -> None:
        get_version(connection, version_id)
        same = (_use.c.version_id == version_id) & (_use.c.run_id == run_id)
        if not connection.execute(select(func.count()).where(same)).scalar():
            connection.execute(insert(_use).values(version_id=version_id, run_id=run_id, used_at=now()))

    monitor.writer.call(operation)


def list_uses(monitor: Monitor, *, version_id: int | None = None, run_id: str | None = None) -> list[Row[Any]]:
    """Returns uses of a version, or uses by a run, oldest first: `version_id`, `run_id`, `run_name`, `used_at`."""
    query = select(*_use.c, _run.c.name.label("run_name")).join(_run, _run.c.id == _use.c.run_id)
    if version_id is not None:
        query = query.where(_use.c.version_id == version_id)
    if run_id is not None:
        query = query.where(_use.c.run_id == run_id)
    with monitor.engine.connect() as connection:
        return list(connection.execute(query.order_by(_use.c.used_at).limit(1_000)))
