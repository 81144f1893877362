"""HTTP and WebSocket routes that forward job streams of the monitor."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query, Request, WebSocket
from fastapi.responses import StreamingResponse

from backend.streams.relay import MonitorRelay
from pegbox.web.error_handlers import Responses, error_responses

router = APIRouter(tags=["Jobs"])

JobKey = Annotated[str, Path(min_length=1, max_length=200, description="The job's uid.")]
MAX_SEQ = 2**53

STREAM: Responses = {
    200: {
        "description": "An event for each point until the job ends: `id` is the cursor, `data` the point. "
        "Then `event: end` with the job's status.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/api/jobs/{uid}/stream",
    response_class=StreamingResponse,
    responses={**STREAM, **error_responses(404, 422, 503)},
    summary="Stream Job Metrics",
)
async def stream_job(
    uid: JobKey,
    request: Request,
    after: Annotated[int, Query(ge=0, le=MAX_SEQ, description="Only points with a greater seq; 0 for all.")] = 0,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=MAX_SEQ, description="Sent by browsers that connect again; counts more than `after`."),
    ] = None,
) -> StreamingResponse:
    """All points of a job as server-sent events, those of the past first. 503 while the monitor, where they are, is away."""
    relay: MonitorRelay = request.app.state.relay
    return await relay.open(f"/api/jobs/{quote(uid, safe='')}/stream", request.url.query, request.headers)


@router.websocket("/ws/jobs/{uid}/stream")
async def job_socket(websocket: WebSocket, uid: str) -> None:
    """Sends the points of a job as messages. Closes with 1000 when the job has ended, with 1013 if the monitor is down."""
    relay: MonitorRelay = websocket.app.state.relay
    await relay.forward(websocket, f"/ws/jobs/{quote(uid, safe='')}/stream", websocket.url.query)
