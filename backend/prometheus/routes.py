"""`GET /metrics` on the backend."""

from __future__ import annotations

from typing import get_args

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from backend.dependencies import Db
from backend.prometheus import repository
from backend.workers.service import present_since
from pegbox.schemas.jobs.state import JobState
from pegbox.store.tables import now
from pegbox.web.error_handlers import error_responses
from pegbox.web.metrics.exposition import CONTENT_TYPE, Family, gauge, gauges, render
from pegbox.web.metrics.service_metrics import SCRAPE, service_families

router = APIRouter(tags=["System"])


@router.get("/metrics", response_class=Response, responses={**SCRAPE, **error_responses(503)}, summary="Prometheus")
def get_metrics(request: Request, db: Db) -> Response:
    """Counters and gauges for Prometheus. Needs the token where one is set."""
    families = [*service_families("backend", request.app), *_queue(db)]
    return Response(render(families), media_type=CONTENT_TYPE)


def _queue(db: Session) -> list[Family]:
    states = {**dict.fromkeys(get_args(JobState), 0), **repository.count_jobs(db)}
    oldest = repository.oldest_queued_at(db)
    waiting_seconds = max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0
    present, busy = repository.count_workers(db, present_since())
    return [
        gauges("pegbox_jobs", "Jobs by state.", "state", states),
        gauge("pegbox_queue_depth", "Jobs that wait for a worker.", states["queued"]),
        gauge("pegbox_queue_oldest_seconds", "How long the first of them has been waiting.", waiting_seconds),
        gauge("pegbox_workers", "Workers heard of lately.", present),
        gauge("pegbox_workers_busy", "Those of them that hold a job.", busy),
    ]
