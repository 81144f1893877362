"""Files of runs: received, registered, found again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from monitor.artifacts import repository
from monitor.context import Monitor
from pegbox.errors import NotFoundError
from pegbox.schemas.artifact import ArtifactView
from pegbox.store.incoming import Incoming
from pegbox.store.tables import now

PIECE_BYTES = 1 << 20
"""Written to the disk at once."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """Bytes in the artifact folder, under their hash."""

    sha256: str
    size_bytes: int


def receive_file(folder: Path, source: IO[bytes]) -> KeptFile:
    """Copies a file into the artifact folder; on the disk when this returns."""
    incoming = Incoming(folder)
    try:
        while piece := source.read(PIECE_BYTES):
            incoming.write(piece)
        incoming.keep()
    finally:
        incoming.discard()
    return KeptFile(incoming.sha256, incoming.size_bytes)


def put_artifact(
    monitor: Monitor,
    run_id: str,
    name: str,
    file: KeptFile,
    *,
    step: int | None = None,
    description: str = "",
    category: str = "",
) -> tuple[ArtifactView, bool]:
    """Registers a kept file with a run. Returns it and whether the run had none of this name."""
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
    is_new = monitor.writer.call(lambda connection: repository.put_artifact(connection, values))
    return ArtifactView.model_validate(values), is_new


def list_artifacts(monitor: Monitor, run_id: str, limit: int) -> list[ArtifactView]:
    """The run's files by name."""
    with monitor.engine.connect() as connection:
        found = repository.list_artifacts(connection, run_id, limit)
    return [ArtifactView.model_validate(artifact.model_dump()) for artifact in found]


def find_file(monitor: Monitor, run_id: str, name: str) -> Path | None:
    """Where the bytes of the run's file lie; None when it has no such file."""
    with monitor.engine.connect() as connection:
        artifact = repository.find_artifact(connection, run_id, name)
    return None if artifact is None else monitor.settings.artifacts_dir / artifact.sha256


def get_file(monitor: Monitor, sha256: str) -> Path:
    """The file with this hash, 64 lower-case hex digits. Raises `NotFoundError`."""
    path = monitor.settings.artifacts_dir / sha256
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef") or not path.is_file():
        raise NotFoundError(f"No file with the hash {sha256[:64]} is kept here")
    return path


def present(monitor: Monitor, hashes: Iterable[str]) -> set[str]:
    """Those of the hashes whose files are kept here."""
    return {sha256 for sha256 in hashes if (monitor.settings.artifacts_dir / sha256).is_file()}
