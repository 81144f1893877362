"""`GET /api/runs/{id}/stream`: the feed as server-sent events, for `EventSource` and curl."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from starlette.types import Send

from monitor.context import Monitor, MonitorDep
from monitor.live.feed import StreamInterruptedError, follow_feed
from monitor.live.framing import as_server_events
from monitor.live.snapshot import StreamTarget, find_target
from pegbox.errors import NotFoundError
from pegbox.web.error_handlers import Responses, error_responses

router = APIRouter(prefix="/api/runs", tags=["Live"])
KEEPALIVE_SECONDS = 15.0
KEEPALIVE = ": keepalive\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # the second turns off buffering in nginx

STREAM: Responses = {
    200: {
        "description": "Events until the run ends: `id` is `seq`, `event` is `kind`, `data` is the envelope.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
MAX_SEQ = 2**53


class EventStream(StreamingResponse):
    """Closes its generator on disconnect, so that the viewer count drops at once."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str, None]) -> None:
        super().__init__(events, headers=HEADERS)
        self._events = events

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._events):
            await super().stream_response(send)


@router.get("/{run_id}/stream", response_class=StreamingResponse, responses={**STREAM, **error_responses(404, 422)})
async def stream_feed(
    run_id: str,
    monitor: MonitorDep,
    after: Annotated[int | None, Query(ge=0, le=MAX_SEQ, description="Only what has a greater seq.")] = None,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=MAX_SEQ, description="Sent by browsers that connect again; counts more than `after`."),
    ] = None,
) -> EventStream:
    """Streams the feed as server-sent events. Closes after `end`; a comment every 15 seconds keeps an idle connection open."""
    target = await run_sync(find_target, monitor.engine, run_id)
    if target is None:
        raise NotFoundError(f"Run not found: {run_id}")
    cursor = after if last_event_id is None else last_event_id
    return EventStream(_events(monitor, target, cursor))


async def _events(monitor: Monitor, target: StreamTarget, after: int | None) -> AsyncGenerator[str, None]:
    async with monitor.hub.watching(target, "feed") as (topic, _):
        stream = follow_feed(monitor.engine, topic, after, as_server_events, idle_seconds=KEEPALIVE_SECONDS)
        try:
            async for frames in stream:
                yield "".join(frames) or KEEPALIVE
        except StreamInterruptedError:
            return  # without an `end` event the client reconnects
