"""HTTP routes for workers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from backend.dependencies import Db
from backend.workers import repository, service
from backend.workers.departures import Departures
from pegbox.schemas.base import Done
from pegbox.schemas.jobs.queue import WorkerView
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Workers"])


@router.get("/api/workers", response_model=list[WorkerView], summary="Get Workers")
def list_workers(db: Db) -> list[WorkerView]:
    """Workers that have asked for work, the one heard of last first."""
    since = service.present_since()
    return [
        WorkerView.model_validate(
            {**worker.model_dump(), "present": worker.last_seen_at >= since, "capabilities": worker.capabilities}
        )
        for worker in repository.list_workers(db)
    ]


@router.post(
    "/api/workers/{worker_id}/leave",
    response_model=Done,
    responses=error_responses(404, 422),
    summary="Leave",
)
def leave(worker_id: Annotated[str, Path(min_length=1, max_length=100)], request: Request, db: Db) -> Done:
    """A worker that stops says so: its waiting claims are answered at once, with nothing. Jobs that it holds stay its own."""
    departures: Departures = request.app.state.departures
    departures.add(worker_id)
    service.remove_worker(db, worker_id)
    return Done(message="Worker has left")
