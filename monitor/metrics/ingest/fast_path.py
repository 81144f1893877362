"""Serves batches ahead of the middleware stack and the router: batches are most of a busy monitor's requests.

The access rules are the same. Unusual requests (with an `Origin` header, with an odd path) take the documented route.
"""

from __future__ import annotations

import secrets

from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.metrics.ingest.batches import accept_batch, read_body
from pegbox.errors import PegboxError
from pegbox.web.access.guard import Guard
from pegbox.web.error_handlers import database_error_response, pegbox_error_response
from pegbox.web.metrics.request_meter import ROUTE

PREFIX, SUFFIX = "/api/runs/", "/batches"
TEMPLATE = PREFIX + "{run_id}" + SUFFIX


class BatchFastPath:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        run_id = _run_id_of_batch(scope)
        if run_id is None:
            await self.app(scope, receive, send)
            return
        scope[ROUTE] = TEMPLATE
        request_id = secrets.token_hex(8)
        try:
            await self._guard.admit(scope)
            body = await read_body(scope["headers"], receive)
            content = await accept_batch(scope["app"].state.monitor.writer, run_id, scope["headers"], body)
        except PegboxError as error:
            await pegbox_error_response(error, request_id)(scope, receive, send)
        except OperationalError as error:
            await database_error_response(error, request_id)(scope, receive, send)
        except ClientDisconnect:
            pass
        else:
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(content)),
                (b"x-request-id", request_id.encode()),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": content})


def _run_id_of_batch(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path: str = scope["path"]
    if not (path.startswith(PREFIX) and path.endswith(SUFFIX)):
        return None
    run_id = path[len(PREFIX) : -len(SUFFIX)]
    is_plain = run_id and "/" not in run_id and all(key != b"origin" for key, _ in scope["headers"])
    return run_id if is_plain else None
