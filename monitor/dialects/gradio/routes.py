"""`/config` and `/gradio_api`: configuration, list of functions, uploads, calls in two steps."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from monitor.context import MonitorDep
from monitor.dialects.gradio.answers import Called
from monitor.dialects.gradio.calls import SERVER_EVENT, STREAM_HEADERS, as_server_event, call_for_event
from monitor.dialects.gradio.events import PendingEvents
from monitor.dialects.gradio.registry import queue_registry, registry
from monitor.dialects.gradio.schema import PREFIX, config, info
from monitor.dialects.request_bodies import arguments, read_json, receive_uploads
from monitor.dialects.trackio.routes import CALL_BODY, FORM
from pegbox.errors import NotFoundError
from pegbox.web.error_handlers import error_responses

NO_STORE = {"Cache-Control": "no-store"}
UNKNOWN_EVENT = "Unknown or expired event_id"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": SERVER_EVENT}}, "description": "One event"},
    **error_responses(404, 422),
}

router = APIRouter(tags=["Gradio"])


@router.get("/config", response_model=dict[str, Any])
def get_config() -> JSONResponse:
    """Returns Gradio's configuration: the protocol and the numbers of the functions."""
    return JSONResponse(config(queue_registry()), headers=NO_STORE)


@router.get(f"{PREFIX}/info", response_model=dict[str, Any])
@router.get(f"{PREFIX}/info/", include_in_schema=False)
def get_info() -> JSONResponse:
    """Returns the functions with their parameters, in Gradio's format."""
    return JSONResponse(info(registry()), headers=NO_STORE)


@router.post(
    f"{PREFIX}/upload",
    response_model=list[str],
    responses=error_responses(400, 413, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": FORM}},
)
@router.post(f"{PREFIX}/upload/", include_in_schema=False)
async def upload_files(request: Request, monitor: MonitorDep) -> list[str]:
    """Receives files. Returns a bare list of handles, as Gradio does."""
    return await receive_uploads(request, monitor, request.app.state.uploads)


@router.post(
    f"{PREFIX}/call/{{api_name}}",
    response_model=Called,
    responses=error_responses(400, 404, 413, 422),
    openapi_extra=CALL_BODY,
)
@router.post(f"{PREFIX}/call/{{api_name}}/", include_in_schema=False)
@router.post("/call/{api_name}", include_in_schema=False)
async def call_function(api_name: str, request: Request) -> Called:
    """First step: calls a function with `{"data": […]}` and returns an event id."""
    function = registry().get(api_name)
    args, kwargs = arguments(await read_json(request))
    events: PendingEvents = request.app.state.gradio_events
    return Called(event_id=events.add(await call_for_event(function, request, args, kwargs)))


@router.get(f"{PREFIX}/call/{{api_name}}/{{event_id}}", response_class=StreamingResponse, responses=STREAM)
@router.get(f"{PREFIX}/call/{{api_name}}/{{event_id}}/", include_in_schema=False)
@router.get("/call/{api_name}/{event_id}", include_in_schema=False)
async def get_outcome(api_name: str, event_id: str, request: Request) -> StreamingResponse:
    """Second step: returns the result once, as one server-sent event, `complete` or `error`."""
    events: PendingEvents = request.app.state.gradio_events
    event = events.take(event_id, api_name)
    if event is None:
        raise NotFoundError(UNKNOWN_EVENT)
    return StreamingResponse(iter([as_server_event(event)]), media_type="text/event-stream", headers=STREAM_HEADERS)
