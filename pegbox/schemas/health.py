"""API models of health and readiness."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pegbox.schemas.base import Wire


class RootStatus(Wire):
    """Response of `GET /` to clients other than browsers."""

    message: str
    status: Literal["healthy"]


class Liveness(Wire):
    """Response of `GET /healthz`."""

    status: Literal["healthy"] = "healthy"


class Readiness(Wire):
    """Response of `GET /readyz`: the state of each required component. The status is 503 if one of them fails.

    `redis` and `celery` are always null: Pegbox uses neither, but monitoring tools may expect the fields.
    """

    status: Literal["ready", "not ready"]
    database: bool
    redis: None = None
    celery: None = None


class BackendReadiness(Readiness):
    queue: bool = Field(description="Whether the queue sweeper runs, which ends the leases of lost workers.")
    worker: bool = Field(description="Whether a worker is connected. Not required for readiness, since jobs can wait.")


class MonitorReadiness(Readiness):
    writer: bool = Field(description="Whether the writer thread is alive and its last commit succeeded.")
    sampler: bool = Field(description="Whether the sampler thread is alive.")


class Health(Wire):
    """`status` is `unhealthy` (503) when the database does not answer."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    dependencies: dict[str, str] = Field(description="Installed versions.")
    endpoints: dict[str, str]
    database: bool
    workers: int = Field(description="Workers seen within the last minute.")
