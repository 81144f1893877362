"""Names of media files among the artifacts of a run."""

from __future__ import annotations

from monitor.dialects.request_bodies import base_name

MEDIA_ROOT = "media"
"""The media folder that Trackio's dashboard expects; `/file` removes this prefix."""

CATEGORY = "media"


def media_name(step: int | None, name: str) -> str:
    """Returns the artifact name of a step's media file."""
    return f"step{0 if step is None else step}-{base_name(name)}"
