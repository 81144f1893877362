"""`/api/jobs/{id}/stream` and `/ws/jobs/{id}/stream`: all points of a job as flat objects, past and live."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, WebSocket
from fastapi.responses import StreamingResponse

from monitor.context import Monitor, MonitorDep
from monitor.live.feed import StreamInterruptedError
from monitor.live.flat_points import FlatMessages, FlatServerEvents
from monitor.live.point_stream import follow_points
from monitor.live.snapshot import StreamTarget, find_target
from monitor.live.sse import KEEPALIVE, KEEPALIVE_SECONDS, MAX_SEQ, EventStream
from monitor.live.topic import Topic
from monitor.live.websocket import accept, send_all
from pegbox.errors import NotFoundError
from pegbox.web.error_handlers import Responses, error_responses

router = APIRouter(tags=["Live"])

STREAM: Responses = {
    200: {
        "description": "An event for each point until the job ends: `id` is the cursor, `data` the point. "
        "Then `event: end` with the job's status.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
After = Annotated[int, Query(ge=0, le=MAX_SEQ, description="Only points with a greater seq; 0 for all of them.")]


@router.get(
    "/api/jobs/{uid}/stream",
    response_class=StreamingResponse,
    responses={**STREAM, **error_responses(404, 422)},
    summary="Stream Job Metrics",
)
async def stream_job(
    uid: str,
    monitor: MonitorDep,
    after: After = 0,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=MAX_SEQ, description="Sent by browsers that connect again; counts more than `after`."),
    ] = None,
) -> EventStream:
    """Streams all points of a job as server-sent events, past points first. Waits for a job that has not started.

    A comment every 15 seconds keeps an idle connection open.
    """
    target = await run_sync(find_target, monitor.engine, uid)
    if target is None:
        raise NotFoundError(f"Job not found: {uid}")
    return EventStream(_events(monitor, target, after if last_event_id is None else last_event_id))


@router.websocket("/ws/jobs/{uid}/stream")
async def job_socket(websocket: WebSocket, uid: str, after: After = 0) -> None:
    """Sends the same points as WebSocket messages; closes with 1000 when the job has ended."""
    monitor: Monitor = websocket.app.state.monitor
    target = await accept(websocket, monitor, uid)
    if target is None:
        return
    async with monitor.hub.watching(target, "feed") as (topic, _):
        await send_all(websocket, _frames(monitor, topic, after))


def _frames(monitor: Monitor, topic: Topic, after: int) -> AsyncIterator[list[str]]:
    framing = FlatMessages(monitor.sampler)
    return follow_points(monitor.engine, topic, after, framing, idle_seconds=KEEPALIVE_SECONDS)


async def _events(monitor: Monitor, target: StreamTarget, after: int) -> AsyncGenerator[str, None]:
    async with monitor.hub.watching(target, "feed") as (topic, _):
        framing = FlatServerEvents(monitor.sampler)
        try:
            async for pieces in follow_points(monitor.engine, topic, after, framing, idle_seconds=KEEPALIVE_SECONDS):
                yield "".join(pieces) or KEEPALIVE
        except StreamInterruptedError:
            return  # without an `end` event the client reconnects
        end = msgspec.json.encode({"status": topic.ended}).decode()
        yield f"event: end\ndata: {end}\n\n"
