"""Stores, registers and finds files of runs, for the monitor's own routes and for dialects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from monitor.artifacts import repository
from monitor.context import Monitor
from monitor.metrics.ingest.writer import Writer
from pegbox.errors import NotFoundError
from pegbox.schemas.runs.artifact import ArtifactView
from pegbox.settings import Settings
from pegbox.store.incoming import Incoming
from pegbox.store.tables import now

PIECE_BYTES = 1 << 20
"""Bytes per write."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the artifact folder, named by its hash."""

    sha256: str
    size_bytes: int


def open_incoming(settings: Settings) -> Incoming:
    """Opens a temporary file for an upload."""
    return Incoming(settings.artifacts_dir)


def store_file(file: Incoming) -> StoredFile:
    """Moves a received file to its content address. On disk when this returns."""
    try:
        file.keep()
    finally:
        file.discard()
    return StoredFile(file.sha256, file.size_bytes)


def copy_file(settings: Settings, source: IO[bytes]) -> StoredFile:
    """Copies a file into the artifact folder. On disk when this returns."""
    incoming = open_incoming(settings)
    try:
        while piece := source.read(PIECE_BYTES):
            incoming.write(piece)
    except BaseException:
        incoming.discard()
        raise
    return store_file(incoming)


def store_artifact(
    writer: Writer,
    run_id: str,
    name: str,
    file: Incoming,
    *,
    step: int | None = None,
    description: str = "",
    category: str = "",
) -> tuple[ArtifactView, bool]:
    """Stores a received file as the run's artifact of this name. The run must exist.

    Returns the artifact and whether the name is new; file and row are on disk by then. Blocks: not for the event loop.
    """
    kept = store_file(file)
    return register_artifact(writer, run_id, name, kept, step=step, description=description, category=category)


def register_artifact(
    writer: Writer,
    run_id: str,
    name: str,
    file: StoredFile,
    *,
    step: int | None = None,
    description: str = "",
    category: str = "",
) -> tuple[ArtifactView, bool]:
    """Like `store_artifact`, for a file that is already stored."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "name": name,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
        "step": step,
        "description": description,
        "category": category,
        "created_at": now(),
    }
    is_new = writer.call(lambda connection: repository.put_artifact(connection, values))
    return ArtifactView.model_validate(values), is_new


def list_artifacts(monitor: Monitor, run_id: str, limit: int) -> list[ArtifactView]:
    """Returns the run's artifacts by name."""
    with monitor.engine.connect() as connection:
        found = repository.list_artifacts(connection, run_id, limit)
    return [ArtifactView.model_validate(artifact.model_dump()) for artifact in found]


def find_file(monitor: Monitor, run_id: str, name: str) -> Path | None:
    """Returns the path of the run's file; None for an unknown name."""
    with monitor.engine.connect() as connection:
        artifact = repository.find_artifact(connection, run_id, name)
    return None if artifact is None else monitor.settings.artifacts_dir / artifact.sha256


def get_file(monitor: Monitor, sha256: str) -> Path:
    """Returns the path of the file with this SHA-256, 64 lower-case hex digits. Raises `NotFoundError`."""
    path = monitor.settings.artifacts_dir / sha256
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef") or not path.is_file():
        raise NotFoundError(f"No file with the hash {sha256[:64]} is kept here")
    return path


def stored_hashes(monitor: Monitor, hashes: Iterable[str]) -> set[str]:
    """Returns the hashes whose files are stored."""
    return {sha256 for sha256 in hashes if (monitor.settings.artifacts_dir / sha256).is_file()}
