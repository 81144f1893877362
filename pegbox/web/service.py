"""Turns a FastAPI app into a service: error handlers, request ids, access control, CORS for the dashboard, API reference."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.web import error_handlers, probes
from pegbox.web.access.guard import AccessMiddleware, Guard
from pegbox.web.access.hosts import allowed_origin_pattern
from pegbox.web.access.rate_limit import RateLimitMiddleware
from pegbox.web.metrics.request_meter import RequestCounts, RequestMeter
from pegbox.web.reference import document as openapi
from pegbox.web.request_id import RequestIdMiddleware


def install(app: FastAPI, settings: Settings, *, accepts_foreign_tokens: bool = False) -> Guard:
    """Adds error handlers, middleware and the API reference. Call it before routers are included.

    `accepts_foreign_tokens`: clients of other trackers also send requests here, with tokens of their own. Returns the guard of the
    service. Raises PegboxError as `require_authentication_when_exposed`.
    """
    require_authentication_when_exposed(settings)
    guard = app.state.guard = Guard(settings, accepts_foreign_tokens=accepts_foreign_tokens)
    error_handlers.install(app)
    # Access is checked before the routes, so each route documents 401 and 403.
    app.router.responses.update(error_handlers.error_responses(401, 403))
    app.add_middleware(RateLimitMiddleware, settings=settings)
    app.add_middleware(AccessMiddleware, guard=guard)
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=allowed_origin_pattern(settings),
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        expose_headers=[
            *("X-Request-ID", "ETag", "X-Total-Count", "X-Next-Cursor", "Content-Disposition"),
            *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"),
        ],
    )
    app.add_middleware(RequestIdMiddleware)
    app.include_router(probes.router)
    openapi.install(app)
    return guard


def count_requests(app: FastAPI) -> None:
    """Adds the request meter, which must be the outermost middleware: call it last."""
    app.state.requests = RequestCounts()
    app.add_middleware(RequestMeter, counts=app.state.requests)


def require_authentication_when_exposed(settings: Settings) -> None:
    """Raises PegboxError when the service listens beyond loopback without requiring authentication."""
    if not settings.is_loopback and settings.access != "required":
        raise PegboxError(
            f"Refusing to listen on {settings.host} with PEGBOX_AUTH={settings.auth}: it is for 127.0.0.1 only"
        )


def require_credentials_when_exposed(settings: Settings, *, has_active_users: bool) -> None:
    """Raises PegboxError when the service listens beyond loopback and no user or shared token exists to sign in with."""
    if not settings.is_loopback and not settings.token and not has_active_users:
        raise PegboxError(
            f"Refusing to listen on {settings.host} while nobody could sign in: make an account with "
            "`pegbox user add NAME --role admin`, or set PEGBOX_TOKEN, or bind to 127.0.0.1"
        )
