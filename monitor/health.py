"""`GET /api/health` and `GET /readyz`: health and readiness of the monitor."""

from __future__ import annotations

import fastapi
import msgspec
import psutil
import pydantic
import sqlalchemy
from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import pegbox
from monitor.context import MonitorDep
from pegbox.schemas.base import Wire
from pegbox.schemas.health import MonitorReadiness
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Health"])
# These modules are loaded anyway; reading package metadata would import the email parser.
DEPENDENCIES = {module.__name__: module.__version__ for module in (fastapi, msgspec, psutil, pydantic, sqlalchemy)}


class MonitorHealth(Wire):
    status: str = Field(description="`healthy`; a monitor that cannot reach its database answers 503 instead.")
    service: str
    version: str
    dependencies: dict[str, str]
    endpoints: dict[str, str]
    uptime_seconds: float
    gpus: int


@router.get("/api/health", response_model=MonitorHealth, responses=error_responses(503))
def get_health(monitor: MonitorDep) -> MonitorHealth:
    """Reports versions and uptime. Needs no token."""
    with monitor.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return MonitorHealth(
        status="healthy",
        service="Pegbox Training Monitor",
        version=pegbox.__version__,
        dependencies=DEPENDENCIES,
        endpoints={
            "losses": "/api/training/losses",
            "resources": "/api/training/resources",
            "status": "/api/training/status/{job_id}",
            "summary": "/api/training/summary",
            "stream": "/ws/training/{job_id}",
            "runs": "/api/runs",
            "health": "/api/health",
        },
        uptime_seconds=round(monitor.uptime_seconds, 1),
        gpus=len(monitor.sampler.latest.gpus),
    )


@router.get(
    "/readyz",
    response_model=MonitorReadiness,
    responses={503: {"model": MonitorReadiness, "description": "Something it needs is missing"}},
    summary="Readiness",
)
def get_readiness(response: Response, monitor: MonitorDep) -> MonitorReadiness:
    """Reports whether the monitor can accept metrics. Needs no token."""
    try:
        with monitor.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        database = True
    except SQLAlchemyError:
        database = False
    writer, sampler = monitor.writer.is_healthy, monitor.sampler.is_working
    is_ready = database and writer and sampler
    response.status_code = 200 if is_ready else 503
    return MonitorReadiness(
        status="ready" if is_ready else "not ready", database=database, writer=writer, sampler=sampler
    )
