"""Access control: checks Host and Origin, authenticates the request, and compares its role with the rule of its route.

A service without sign-in is open to programs on this machine, but not to web pages of other sites: a foreign `Origin` may neither
change anything nor open a WebSocket, and requests with a foreign `Host` (DNS rebinding) are refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from pegbox.errors import AuthenticationError, PegboxError, PermissionDeniedError
from pegbox.schemas.account import Principal, Role, may
from pegbox.settings import Settings
from pegbox.web.access.authentication import Authenticator
from pegbox.web.access.hosts import host_is_ours, origin_is_allowed
from pegbox.web.access.route_rules import Access, rule_of
from pegbox.web.error_handlers import error_response, pegbox_error_response

ASPARA_PATHS = ("/api/v1/", "/tracker/")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Admits or refuses requests. `accepts_foreign_tokens` as for the `Authenticator`."""

    def __init__(self, settings: Settings, *, accepts_foreign_tokens: bool = False) -> None:
        self.settings = settings
        self.authenticator = Authenticator(settings, accepts_foreign_tokens=accepts_foreign_tokens)

    async def admit(self, scope: Scope) -> None:
        """Sets `scope["state"]["principal"]`: a `Principal`, or `None` on an open route without valid credentials.

        Raises the PegboxError that refuses the request or WebSocket.
        """
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        state["principal"] = None
        self._check_origin(scope, headers)
        if scope.get("method") == "OPTIONS":
            return
        required = _required_access(scope)
        if required == "open":
            state["principal"] = await self._principal_if_any(scope, headers)
            return
        principal = state["principal"] = await self.authenticator.authenticate(scope, headers)
        if not may(principal.role, required):
            raise PermissionDeniedError(f"This takes the role {required}; {principal.name} is {principal.role} here")

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if not host_is_ours(host, self.settings):
            raise PermissionDeniedError(
                f"Host '{host[:200]}' is not served here; add it to PEGBOX_ALLOWED_HOSTS if it is yours"
            )
        if scope["type"] != "websocket" and scope["method"] in SAFE_METHODS:
            return
        origin = headers.get("origin")
        if origin and not origin_is_allowed(origin, host, self.settings):
            raise PermissionDeniedError(f"Pages of '{origin[:200]}' may not do this; see PEGBOX_ALLOWED_ORIGINS")
        # Some browsers omit `Origin` on forms but send `Sec-Fetch-Site`. Aspara's routes check that header themselves.
        if not origin and headers.get("sec-fetch-site") == "cross-site" and not scope["path"].startswith(ASPARA_PATHS):
            raise PermissionDeniedError("Pages of other sites may not do this; see PEGBOX_ALLOWED_ORIGINS")

    async def _principal_if_any(self, scope: Scope, headers: Headers) -> Principal | None:
        try:
            return await self.authenticator.authenticate(scope, headers)
        except AuthenticationError:
            return None


class AccessMiddleware:
    """ASGI middleware: runs the guard before everything inside it."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            await self.guard.admit(scope)
        except PegboxError as error:
            await self._refuse(error, scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    async def _refuse(error: PegboxError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            is_unauthenticated = error.status == 401
            if is_unauthenticated:
                # Browsers hide the status of a refused handshake from scripts; the close code tells them to sign in again.
                await send({"type": "websocket.accept"})
            code = 4401 if is_unauthenticated else 4403
            await send({"type": "websocket.close", "code": code, "reason": error.message[:120]})
            return
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        if error.status == 401 and wants_page and scope["method"] == "GET":
            headers = {"Location": f"/login?next={quote(_own_address(scope), safe='/')}"}
            response: Response = error_response(303, error.message, error_type=error.error_type, headers=headers)
        else:
            response = await _page_for(error, scope) or pegbox_error_response(
                error, scope.get("state", {}).get("request_id", "")
            )
        await response(scope, receive, send)


async def _page_for(error: PegboxError, scope: Scope) -> Response | None:
    """The refusal as a page, on a service that has pages (`app.state.refusal_page`)."""
    show: Callable[[Request, PegboxError], Awaitable[Response | None]] | None
    show = getattr(scope["app"].state, "refusal_page", None)
    return await show(Request(scope), error) if show is not None else None


def _required_access(scope: Scope) -> Access:
    """The access of the request's rule. A route without a rule requires an admin; an unknown path only a viewer, for its 404."""
    if rule := rule_of(scope):
        return rule.access
    router = scope["app"].router
    lowest: Role = "viewer"
    return "admin" if any(route.matches(scope)[0] == Match.FULL for route in router.routes) else lowest


def _own_address(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])
