"""What makes a FastAPI app one of our services: errors, request ids, access, CORS for the dashboard."""

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


def install(app: FastAPI, settings: Settings, *, knows_foreign: bool = False) -> Guard:
    """Adds handlers and middleware, and the pages that describe the API; what asks who somebody is comes back.

    Call it before routers are included. `knows_foreign`: clients of other services come here too, with tokens of their own.
    """
    refuse_open_access(settings)
    guard = app.state.guard = Guard(settings, knows_foreign=knows_foreign)
    error_handlers.install(app)
    # Access is checked before any route, so every one of them documents how it is refused.
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
    """Puts the meter around all other middleware: call it after the last one was added."""
    app.state.requests = RequestCounts()
    app.add_middleware(RequestMeter, counts=app.state.requests)


def refuse_open_access(settings: Settings) -> None:
    """A service that others can reach asks everybody who they are."""
    if not settings.is_loopback and settings.access != "required":
        raise PegboxError(
            f"Refusing to listen on {settings.host} with PEGBOX_AUTH={settings.auth}: it is for 127.0.0.1 only"
        )


def refuse_closed_door(settings: Settings, *, has_users: bool) -> None:
    """A service that asks everybody who they are needs somebody who could tell, unless the first one can be made here."""
    if not settings.is_loopback and not settings.token and not has_users:
        raise PegboxError(
            f"Refusing to listen on {settings.host} while nobody could sign in: make an account with "
            "`pegbox user add NAME --role admin`, or set PEGBOX_TOKEN, or bind to 127.0.0.1"
        )
