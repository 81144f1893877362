"""Health on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pegbox.schemas.base import Wire


class RootStatus(Wire):
    """Answer of `GET /` to everyone but browsers."""

    message: str
    status: Literal["healthy"]


class Health(Wire):
    """`status` is `unhealthy` (503) when the database does not answer."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    dependencies: dict[str, str] = Field(description="Installed versions.")
    endpoints: dict[str, str]
    database: bool
    workers: int = Field(description="Workers heard of within the last minute.")
