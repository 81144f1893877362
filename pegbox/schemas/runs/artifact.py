"""API models of artifacts: files of a run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pegbox.schemas.base import Instant, Wire

ArtifactName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^\.?[A-Za-z0-9_-][A-Za-z0-9_. ()+=@-]*$")]


class ArtifactView(Wire):
    """The newest file of this name in the run."""

    name: str
    sha256: str
    size_bytes: int
    step: int | None
    description: str
    category: str
    created_at: Instant
