"""HTTP routes of the queue: the overview, and claims, heartbeats and reports of workers."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from backend.datasets.service import open_training_csv
from backend.dependencies import Config, Database, Db
from backend.queue import service, settle
from backend.queue.notifier import JobNotifier
from backend.queue.overview import show_queue
from backend.workers.departures import Departures
from pegbox.errors import NotFoundError
from pegbox.schemas.jobs.queue import (
    ClaimRequest,
    ClaimResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    ReportRequest,
    ReportResponse,
)
from pegbox.schemas.jobs.queue_overview import QueueView
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Queue"])

POLL_SECONDS = 1.0
"""Interval at which a waiting claim looks for work; normally the notifier wakes the claim earlier."""

JobKey = Annotated[str, Path(min_length=1, max_length=100, description="The job's uid.")]
ClaimToken = Annotated[str, Query(min_length=1, max_length=100)]


@router.get("/api/queue", response_model=QueueView, responses=error_responses(422), summary="Get Queue")
def get_queue(
    db: Db,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> QueueView:
    """GPUs with who holds them, and what waits, in its turn and with its reason."""
    return show_queue(db, limit=limit, offset=offset)


@router.post(
    "/api/queue/claim",
    response_model=ClaimResponse,
    responses={204: {"description": "Nothing to do for this worker"}, **error_responses(400, 413, 422)},
    summary="Claim Job",
)
async def claim_job(
    body: ClaimRequest, request: Request, settings: Config, engine: Database
) -> ClaimResponse | Response:
    """Hands out the next job the worker can run; waits up to `wait_seconds` for one. No session or thread is held meanwhile."""
    notifier: JobNotifier = request.app.state.notifier
    departures: Departures = request.app.state.departures
    loop = asyncio.get_running_loop()
    deadline = loop.time() + body.wait_seconds
    woken = notifier.next_wake()
    claimed = await run_in_threadpool(_claim, engine, settings, body)
    while claimed is None and (left := deadline - loop.time()) > 0:
        try:
            async with asyncio.timeout(min(left, POLL_SECONDS)):
                await woken.wait()
        except TimeoutError:
            pass
        if body.worker_id in departures or await request.is_disconnected():
            break
        woken = notifier.next_wake()
        if await run_in_threadpool(_has_work, engine, body):
            claimed = await run_in_threadpool(_claim, engine, settings, body)
    return claimed or Response(status_code=204)


@router.post(
    "/api/queue/{uid}/heartbeat",
    response_model=HeartbeatResponse,
    responses=error_responses(400, 409, 413, 422),
    summary="Send Heartbeat",
)
def send_heartbeat(uid: JobKey, body: HeartbeatRequest, db: Db, settings: Config) -> HeartbeatResponse:
    """Keeps the lease alive and tells what is wanted of the job: run, pause or cancel."""
    return service.record_heartbeat(db, settings, uid, body)


@router.post(
    "/api/queue/{uid}/report",
    response_model=ReportResponse,
    responses=error_responses(400, 409, 413, 422),
    summary="Report Outcome",
)
def report_outcome(uid: JobKey, body: ReportRequest, db: Db, settings: Config) -> ReportResponse:
    """Ends a claim. Sending the same report again changes nothing."""
    state = settle.report(db, uid, body, settings.max_stalled_attempts)
    return ReportResponse(state=state)


@router.get(
    "/api/queue/{uid}/dataset",
    response_class=FileResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "The CSV"}, **error_responses(404, 409, 422)},
    summary="Download Claimed Dataset",
)
def download_dataset(uid: JobKey, claim_token: ClaimToken, db: Db, settings: Config) -> Response:
    """The CSV that the claimed job trains on; of another format it is made while it is sent."""
    job = service.get_claimed(db, uid, claim_token)
    if "dataset" not in (job.spec or {}):
        raise NotFoundError(f"Job '{uid}' has no dataset")
    wanted = (job.spec or {})["dataset"]
    found = open_training_csv(db, settings.datasets_dir, wanted["sha256"], wanted["name"])
    headers = {"ETag": f'"{wanted["sha256"]}"'}
    if isinstance(found, FilePath):
        return FileResponse(found, media_type="text/csv", headers=headers)
    return StreamingResponse(found, media_type="text/csv", headers=headers)


def _claim(engine: Database, settings: Settings, body: ClaimRequest) -> ClaimResponse | None:
    with open_session(engine) as db:
        return service.claim_job(db, settings, body)


def _has_work(engine: Database, body: ClaimRequest) -> bool:
    with open_session(engine) as db:
        return service.has_work(db, body)
