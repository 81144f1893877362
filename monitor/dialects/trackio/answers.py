"""Response bodies of Trackio's routes."""

from __future__ import annotations

from typing import Any

from pegbox.schemas.base import Wire


class Version(Wire):
    version: str
    api_version: int
    writes_paused: bool = False
    api_transport: str = "http"
    mcp_enabled: bool = False
    mcp_path: str | None = None


class Paths(Wire):
    """Handles of uploaded files."""

    paths: list[str]


class Answered(Wire):
    """The result of the function."""

    data: Any = None
