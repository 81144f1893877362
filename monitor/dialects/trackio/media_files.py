"""Under which name a run keeps the file that one of its steps shows."""

from __future__ import annotations

from monitor.dialects.request_bodies import base_name

MEDIA_ROOT = "media"
"""Where Trackio's dashboard thinks that files of runs lie; `/file` knows them by it."""

CATEGORY = "media"


def media_name(step: int | None, name: str) -> str:
    """What the file of a step is called among the run's artifacts."""
    return f"step{0 if step is None else step}-{base_name(name)}"
