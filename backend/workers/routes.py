"""Workers over HTTP."""

from __future__ import annotations

from fastapi import APIRouter

from backend.dependencies import Db
from backend.workers import repository, service
from pegbox.schemas.queue import WorkerView

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
