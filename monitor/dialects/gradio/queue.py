"""`/gradio_api/queue/…`: the queue protocols with which `gradio_client` calls functions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from monitor.dialects.functions import Function
from monitor.dialects.gradio.answers import Handed, Joined
from monitor.dialects.gradio.calls import SERVER_EVENT, STREAM_HEADERS, run_function
from monitor.dialects.gradio.registry import queue_registry
from monitor.dialects.gradio.schema import PREFIX
from monitor.dialects.gradio.sessions import Message, Sessions, Stream
from monitor.dialects.request_bodies import read_json
from pegbox.errors import NotFoundError, UnusableContentError
from pegbox.web.error_handlers import error_responses

ARGUMENTS_SECONDS = 60.0
"""How long a stream waits for requested arguments."""

HEARTBEAT_SECONDS = 15.0
SessionHash = Annotated[str, Query(max_length=100)]
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": SERVER_EVENT}}, "description": "Server-sent events"},
    **error_responses(404, 422, 503),
}
BODY: dict[str, Any] = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}

router = APIRouter(prefix=f"{PREFIX}/queue", tags=["Gradio"])
_running: set[asyncio.Task[None]] = set()


class QueueRequest(msgspec.Struct, frozen=True):
    """The body of a call through the queue."""

    data: list[Any] = []
    event_id: str = ""
    fn_index: int = -1
    session_hash: str = ""


@router.get("/join", response_class=StreamingResponse, responses=STREAM)
async def join_queue(
    request: Request, fn_index: Annotated[int, Query(ge=0, le=10_000)], session_hash: SessionHash = ""
) -> StreamingResponse:
    """Protocol `sse`: opens the stream of one call, which requests the arguments and then delivers the result."""
    function = _function_by_index(fn_index)
    sessions: Sessions = request.app.state.gradio_sessions
    event_id, arguments = sessions.join()
    stream = _call_stream(request, function, sessions, event_id, arguments)
    return StreamingResponse(stream, media_type="text/event-stream", headers=STREAM_HEADERS)


async def _call_stream(
    request: Request, function: Function, sessions: Sessions, event_id: str, arguments: asyncio.Future[list[Any]]
) -> AsyncIterator[bytes]:
    try:
        yield _event({"msg": "send_data", "event_id": event_id})
        try:
            async with asyncio.timeout(ARGUMENTS_SECONDS):
                data = await arguments
        except TimeoutError:
            yield _event(_failed(event_id, f"No arguments came within {ARGUMENTS_SECONDS:.0f} seconds"))
            return
        message = await _completed(request, function, event_id, data)
        yield await run_in_threadpool(_event, message)
    finally:
        sessions.leave(event_id)


@router.post("/data", response_model=Handed, responses=error_responses(400, 404, 413, 422), openapi_extra=BODY)
async def hand_in_arguments(request: Request) -> Handed:
    """Protocol `sse`: accepts the arguments that a stream has requested."""
    handover = _decode_request(await read_json(request))
    sessions: Sessions = request.app.state.gradio_sessions
    sessions.deliver_arguments(handover.event_id, handover.data)
    return Handed()


@router.post("/join", response_model=Joined, responses=error_responses(400, 404, 413, 422, 503), openapi_extra=BODY)
async def join_session(request: Request) -> Joined:
    """Protocols from `sse_v1` on: calls a function; the result is sent over the session's stream."""
    handover = _decode_request(await read_json(request))
    function = _function_by_index(handover.fn_index)
    sessions: Sessions = request.app.state.gradio_sessions
    stream = sessions.stream(handover.session_hash)
    stream.begin()
    event_id, _ = sessions.join()
    sessions.leave(event_id)
    task = asyncio.create_task(_run_in_background(request, function, stream, event_id, handover.data))
    _running.add(task)  # the event loop keeps weak references only
    task.add_done_callback(_running.discard)
    return Joined(event_id=event_id)


async def _run_in_background(
    request: Request, function: Function, stream: Stream, event_id: str, data: list[Any]
) -> None:
    message = _failed(event_id, "The monitor is shutting down")
    with contextlib.suppress(asyncio.CancelledError):
        message = await _completed(request, function, event_id, data)
    stream.finish(message)


@router.get("/data", response_class=StreamingResponse, responses=STREAM)
async def follow_session(request: Request, session_hash: SessionHash = "") -> StreamingResponse:
    """Protocols from `sse_v1` on: streams the results of a session's calls until none is pending."""
    sessions: Sessions = request.app.state.gradio_sessions
    stream = sessions.stream(session_hash)
    return StreamingResponse(
        _session_stream(sessions, session_hash, stream), media_type="text/event-stream", headers=STREAM_HEADERS
    )


async def _session_stream(sessions: Sessions, session_hash: str, stream: Stream) -> AsyncIterator[bytes]:
    while not stream.is_over:
        message = await stream.next(HEARTBEAT_SECONDS)
        yield _event(message or {"msg": "heartbeat"})
    sessions.close(session_hash)
    yield _event({"msg": "close_stream", "event_id": None})


def _function_by_index(number: int) -> Function:
    if not 0 <= number < len(queue_registry().functions):
        raise NotFoundError(f"No function has the number {number}")
    return queue_registry().functions[number]


def _decode_request(body: Any) -> QueueRequest:
    try:
        return msgspec.convert(body, QueueRequest)
    except msgspec.ValidationError as error:
        raise UnusableContentError(f"body: {error}") from None


async def _completed(request: Request, function: Function, event_id: str, data: list[Any]) -> Message:
    result, problem = await run_function(function, request, data)
    if problem is not None:
        return _failed(event_id, problem)
    return {"msg": "process_completed", "event_id": event_id, "success": True, "output": {"data": [result]}}


def _failed(event_id: str, problem: str) -> Message:
    return {"msg": "process_completed", "event_id": event_id, "success": False, "output": {"error": problem}}


def _event(message: Message) -> bytes:
    return b"data: " + msgspec.json.encode(message) + b"\n\n"
