"""`/gradio_api/call/{name}`: calls in two steps, for shells and Spaces' agents; and what both protocols share."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from monitor.dialects.functions import Function
from monitor.dialects.gradio.events import Event
from monitor.dialects.request_bodies import caller_of
from pegbox.errors import PegboxError

log = logging.getLogger(__name__)

SERVER_EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
"""The schema of a server-sent event in the OpenAPI document."""

STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
UNEXPECTED = "An unexpected error occurred; the monitor's log has the details"


async def run_function(
    function: Function, request: Request, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
) -> tuple[Any, str | None]:
    """Runs a function. Returns its result and None, or None and an error message."""
    try:
        return await function.call(caller_of(request), args, kwargs), None
    except PegboxError as error:
        return None, error.message
    except Exception:
        # A stream has no status code; without this message the caller would wait for ever.
        log.exception("the call of %s failed", function.name)
        return None, UNEXPECTED


async def call_for_event(
    function: Function, request: Request, args: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> Event:
    """Runs a function and returns its result as an event for the second step."""
    result, problem = await run_function(function, request, args, kwargs)
    if problem is not None:
        return Event(function.name, False, msgspec.json.encode({"error": problem}))
    return Event(function.name, True, await run_in_threadpool(msgspec.json.encode, [result]))


def as_server_event(event: Event) -> bytes:
    """Encodes the server-sent event of the second step."""
    return b"event: %s\ndata: %s\n\n" % (b"complete" if event.is_success else b"error", event.data)
