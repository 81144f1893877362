"""A route with a limited body: FastAPI reads a JSON body completely before validation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from pegbox.web.drain import drain


class BoundedRoute(APIRoute):
    """Responds 413 as soon as the body exceeds `max_body_bytes`."""

    max_body_bytes: ClassVar[int] = 1024 * 1024

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            announced = request.headers.get("content-length", "")
            if announced.isascii() and announced.isdigit() and int(announced) > self.max_body_bytes:
                await drain(request)
                raise self._too_large()
            received = 0

            async def counted() -> Message:
                nonlocal received
                message = await request.receive()
                received += len(message.get("body", b""))
                if received > self.max_body_bytes:
                    raise self._too_large()
                return message

            return await handler(Request(request.scope, counted))

        return bounded

    def _too_large(self) -> HTTPException:
        # FastAPI passes on only its own exceptions while reading; a `PegboxError` would become "cannot parse".
        return HTTPException(413, f"The request body must not exceed {self.max_body_bytes} bytes")
