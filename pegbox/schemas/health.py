"""Health on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pegbox.schemas.base import Wire


class RootStatus(Wire):
    """Answer of `GET /` to everyone but browsers."""

    message: str
    status: Literal["healthy"]


class Liveness(Wire):
    """Answer of `GET /healthz`."""

    status: Literal["healthy"] = "healthy"


class Readiness(Wire):
    """Answer of `GET /readyz`: each part that a service needs; with one of them missing it is not ready, and the status is 503.

    Pegbox has neither Redis nor Celery; monitoring that was written for them finds null, not a false alarm.
    """

    status: Literal["ready", "not ready"]
    database: bool
    redis: None = None
    celery: None = None


class BackendReadiness(Readiness):
    queue: bool = Field(description="Whether the queue is tended: leases of lost workers end.")
    worker: bool = Field(
        description="Whether a worker is present. Without one jobs wait, so readiness does not need it."
    )


class MonitorReadiness(Readiness):
    writer: bool = Field(description="Whether metrics are written: its thread lives, its last commit went through.")
    sampler: bool = Field(description="Whether the machine is being read.")


class Health(Wire):
    """`status` is `unhealthy` (503) when the database does not answer."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    dependencies: dict[str, str] = Field(description="Installed versions.")
    endpoints: dict[str, str]
    database: bool
    workers: int = Field(description="Workers heard of within the last minute.")
