"""What makes a FastAPI app one of our services: errors, request ids, access, CORS for the dashboard."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.web import error_handlers
from pegbox.web.access import AccessMiddleware, allowed_origin_pattern
from pegbox.web.request_id import RequestIdMiddleware


def install(app: FastAPI, settings: Settings, *, open_paths: tuple[str, ...] = ()) -> None:
    """Adds handlers and middleware; `open_paths` answer without a token. Call it before routers are included."""
    refuse_open_bind(settings)
    error_handlers.install(app)
    # Access is checked before any route, so every one of them documents how it is refused.
    app.router.responses.update(error_handlers.error_responses(401, 403))
    app.add_middleware(AccessMiddleware, settings=settings, open_paths=open_paths)
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=allowed_origin_pattern(settings),
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=["X-Request-ID", "ETag", "X-Total-Count", "X-Next-Cursor", "Content-Disposition"],
    )
    app.add_middleware(RequestIdMiddleware)


def refuse_open_bind(settings: Settings) -> None:
    """A service that others can reach must ask for a token."""
    if not settings.is_loopback and not settings.token:
        raise PegboxError(
            f"Refusing to listen on {settings.host} without a token: set PEGBOX_TOKEN, or bind to 127.0.0.1"
        )
