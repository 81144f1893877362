"""Root, health and readiness over HTTP. Clients depend on the exact texts."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.dependencies import Db
from backend.workers.service import list_live_workers
from pegbox import __version__
from pegbox.schemas.health import BackendReadiness, Health, RootStatus

router = APIRouter(tags=["Health"])

SERVICE = "CSV Preview API"
DEPENDENCIES = ("pandas", "fastapi", "pydantic", "sqlalchemy", "huggingface-hub")


@router.get("/", response_model=RootStatus, summary="Root Endpoint")
def get_root(response: Response) -> RootStatus:
    """Browsers that ask for HTML get the dashboard here."""
    response.headers["Vary"] = "Accept"
    return RootStatus(message=f"{SERVICE} is running", status="healthy")


@router.get(
    "/api/health",
    response_model=Health,
    responses={503: {"model": Health, "description": "The database does not answer"}},
    summary="Detailed Health Check",
)
def get_health(response: Response, db: Db) -> Health:
    try:
        db.connection().execute(text("SELECT 1"))
        workers = len(list_live_workers(db))
        is_healthy = True
    except SQLAlchemyError:
        is_healthy, workers = False, 0
        response.status_code = 503
    return Health(
        status="healthy" if is_healthy else "unhealthy",
        service=SERVICE,
        version=__version__,
        dependencies={name: version(name) for name in DEPENDENCIES},
        endpoints={"preview": "/api/preview-csv", "health": "/api/health"},
        database=is_healthy,
        workers=workers,
    )


@router.get(
    "/readyz",
    response_model=BackendReadiness,
    responses={503: {"model": BackendReadiness, "description": "Something it needs is missing"}},
    summary="Readiness",
)
def get_readiness(request: Request, response: Response, db: Db) -> BackendReadiness:
    """Whether the backend can take requests. Needs no token."""
    try:
        has_worker, database = bool(list_live_workers(db)), True
    except SQLAlchemyError:
        has_worker = database = False
    queue = not request.app.state.sweeper.done()
    is_ready = database and queue
    response.status_code = 200 if is_ready else 503
    return BackendReadiness(
        status="ready" if is_ready else "not ready", database=database, queue=queue, worker=has_worker
    )
