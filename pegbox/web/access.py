"""Who may talk to a service: the Host and Origin checks, and the shared token.

On loopback without a token everything is open to programs on this machine, but not to web pages of other sites: a foreign
`Origin` may not change anything nor open a WebSocket, and a foreign `Host` (DNS rebinding) gets nothing at all. With a token
every request must carry it: as `Authorization: Bearer`, as the password of `Basic` (clients that know nothing but an address send
the one in `http://:<token>@host`), as the cookie that the login page sets, or for WebSockets as `?token=`. Clients
of Gradio and Trackio send it in headers of their own.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pegbox.errors import AuthenticationError, PegboxError, PermissionDeniedError
from pegbox.settings import Settings
from pegbox.web.error_handlers import error_response, pegbox_error_response

COOKIE = "pegbox_token"
TOKEN_HEADERS = ("authorization", "x-hf-authorization")
TRACKIO_HEADER = "x-trackio-write-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAMES = frozenset({"localhost", "testserver"})


class AccessRules:
    """`open_paths` need no token (login page, static files, health); a trailing `/` makes a prefix."""

    def __init__(self, settings: Settings, open_paths: tuple[str, ...] = ()) -> None:
        self.settings = settings
        self.open_paths = open_paths

    def check(self, scope: Scope) -> None:
        """Lets a request or WebSocket pass, or raises the `PegboxError` that refuses it."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._host_is_ours(host):
            raise PermissionDeniedError(
                f"Host '{host[:200]}' is not served here; add it to PEGBOX_ALLOWED_HOSTS if it is yours"
            )
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if origin and changes and not origin_is_allowed(origin, host, self.settings):
            raise PermissionDeniedError(f"Pages of '{origin[:200]}' may not do this; see PEGBOX_ALLOWED_ORIGINS")
        if self.settings.token and not self._is_open(scope):
            self._check_token(scope, headers, self.settings.token.get_secret_value())

    def _host_is_ours(self, host: str) -> bool:
        name = _host_name(host)
        if name in LOCAL_NAMES or name in self.settings.allowed_hosts or name == self.settings.host:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # A literal address cannot be a rebound name; off loopback it is as good as the address we listen on.
        return address.is_loopback or not self.settings.is_loopback

    def _is_open(self, scope: Scope) -> bool:
        path = scope["path"]
        return scope.get("method") == "OPTIONS" or any(
            path.startswith(entry) if entry.endswith("/") and entry != "/" else path == entry
            for entry in self.open_paths
        )

    @staticmethod
    def _check_token(scope: Scope, headers: Headers, expected: str) -> None:
        given = list(given_tokens(scope, headers))
        if not given:
            raise AuthenticationError("Authentication required: send 'Authorization: Bearer <token>'")
        if not any(hmac.compare_digest(token.encode(), expected.encode()) for token in given):
            raise AuthenticationError("The token is not valid")


class AccessMiddleware:
    """Plain ASGI: checks the rules before anything else runs."""

    def __init__(self, app: ASGIApp, settings: Settings, open_paths: tuple[str, ...] = ()) -> None:
        self.app = app
        self.rules = AccessRules(settings, open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            self.rules.check(scope)
        except PegboxError as error:
            await self._refuse(error, scope, receive, send)
            return
        await self.app(scope, receive, send)

    @staticmethod
    async def _refuse(error: PegboxError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send(
                {
                    "type": "websocket.close",
                    "code": 4401 if error.status == 401 else 4403,
                    "reason": error.message[:120],
                }
            )
            return
        wants_page = "text/html" in Headers(scope=scope).get("accept", "")
        if error.status == 401 and wants_page and scope["method"] == "GET":
            headers = {"Location": "/login"}
            response = error_response(303, error.message, error_type=error.error_type, headers=headers)
        else:
            response = pegbox_error_response(error, scope.get("state", {}).get("request_id", ""))
        await response(scope, receive, send)


def given_tokens(scope: Scope, headers: Headers) -> Iterator[str]:
    """The tokens a request carries: header, those of Gradio's and Trackio's clients (which may send one of the model hub
    beside), cookie, or for WebSockets `?token=` (browsers cannot set headers there)."""
    for name in TOKEN_HEADERS:
        scheme, _, value = headers.get(name, "").partition(" ")
        if scheme.lower() == "bearer" and value.strip():
            yield value.strip()
        elif scheme.lower() == "basic" and (password := _password(value.strip())) is not None:
            yield password
    if value := headers.get(TRACKIO_HEADER, "").strip():
        yield value
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    if cookie:
        yield cookie.value
    if scope["type"] == "websocket":
        yield from parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", ())


def _password(credentials: str) -> str | None:
    """Of `Basic` credentials; the user's name does not matter."""
    try:
        return base64.b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return None


def origin_is_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Same machine name as the request (the ports differ between the services), or configured."""
    if origin in settings.allowed_origins:
        return True
    try:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    # The dashboard on one port talks to the monitor on another: same host name, one of our two ports.
    same_name = parts.hostname == _host_name(host) or (_is_local(parts.hostname) and _is_local(_host_name(host)))
    return same_name and port in (settings.port, settings.monitor_port, _port(host, parts.scheme))


def allowed_origin_pattern(settings: Settings) -> str:
    """For CORS: the dashboard's origin on loopback names, and the configured ones."""
    hosts = "|".join(("localhost", r"127\.0\.0\.1", r"\[::1\]", *(_escape(name) for name in settings.allowed_hosts)))
    ours = rf"https?://(?:{hosts}):(?:{settings.port}|{settings.monitor_port})"
    return "|".join((ours, *(_escape(origin) for origin in settings.allowed_origins)))


def _escape(value: str) -> str:
    return "".join(f"\\{char}" if char in r".^$*+?{}[]\|()" else char for char in value)


def _is_local(name: str) -> bool:
    if name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _port(host: str, scheme: str) -> int | None:
    try:
        return urlsplit(f"//{host}").port or (443 if scheme == "https" else 80)
    except ValueError:
        return None
