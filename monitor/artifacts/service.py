"""How a file becomes an artifact of a run, by whichever route it came."""

from __future__ import annotations

from monitor.artifacts import repository
from monitor.metrics.writer import Writer
from pegbox.schemas.artifact import ArtifactView
from pegbox.settings import Settings
from pegbox.store.incoming import Incoming
from pegbox.store.tables import now


def open_incoming(settings: Settings) -> Incoming:
    """A place for the bytes of an artifact while they arrive."""
    return Incoming(settings.artifacts_dir)


def keep_artifact(
    writer: Writer,
    run_id: str,
    name: str,
    file: Incoming,
    *,
    step: int | None = None,
    description: str = "",
    category: str = "",
) -> tuple[ArtifactView, bool]:
    """Keeps a received file as the run's artifact of this name, and tells whether the name is new. The run must exist.

    True as soon as it returns: file and entry are on the disk. Blocks; not for the event loop.
    """
    try:
        file.keep()
    finally:
        file.discard()
    values = {
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
