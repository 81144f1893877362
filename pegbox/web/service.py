"""What makes a FastAPI app one of our services: errors, request ids, access, CORS for the dashboard."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.web import error_handlers, openapi, probes
from pegbox.web.access import AccessMiddleware, allowed_origin_pattern
from pegbox.web.request_id import RequestIdMiddleware
from pegbox.web.request_meter import RequestCounts, RequestMeter

OPEN_PATHS = ("/healthz", "/readyz", "/api/health")
"""What probes ask, who have no token."""


def install(app: FastAPI, settings: Settings, *, open_paths: tuple[str, ...] = ()) -> None:
    """Adds handlers and middleware, and the pages that describe the API. Call it before routers are included.

    `open_paths` answer without a token, as do those of probes.
    """
    refuse_open_bind(settings)
    error_handlers.install(app)
    # Access is checked before any route, so every one of them documents how it is refused.
    app.router.responses.update(error_handlers.error_responses(401, 403))
    app.add_middleware(AccessMiddleware, settings=settings, open_paths=(*OPEN_PATHS, *open_paths))
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=allowed_origin_pattern(settings),
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=["X-Request-ID", "ETag", "X-Total-Count", "X-Next-Cursor", "Content-Disposition"],
    )
    app.add_middleware(RequestIdMiddleware)
    app.include_router(probes.router)
    openapi.install(app)


def count_requests(app: FastAPI) -> None:
    """Puts the meter around all other middleware: call it after the last one was added."""
    app.state.requests = RequestCounts()
    app.add_middleware(RequestMeter, counts=app.state.requests)


def refuse_open_bind(settings: Settings) -> None:
    """A service that others can reach must ask for a token."""
    if not settings.is_loopback and not settings.token:
        raise PegboxError(
            f"Refusing to listen on {settings.host} without a token: set PEGBOX_TOKEN, or bind to 127.0.0.1"
        )
