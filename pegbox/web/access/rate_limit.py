"""Rate limits per caller. Every response has their headers; requests are refused only where authentication is required.

Each process keeps its counts in memory: backend and monitor count separately, and a restart resets them.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pegbox.errors import TooManyRequestsError
from pegbox.schemas.account import Principal
from pegbox.settings import Settings
from pegbox.web.access.route_rules import Rule, rule_of
from pegbox.web.error_handlers import pegbox_error_response

STANDARD: RateLimitItem = RateLimitItemPerMinute(100, namespace="standard")
PREMIUM: RateLimitItem = RateLimitItemPerMinute(1000, namespace="premium")
GENERAL: RateLimitItem = RateLimitItemPerHour(1000, namespace="general")
UPLOADS: RateLimitItem = RateLimitItemPerHour(10, namespace="uploads")
SEARCHES: RateLimitItem = RateLimitItemPerMinute(100, namespace="search")


@dataclass(frozen=True, slots=True)
class WindowState:
    """The window of a caller, as the headers state it; `reset` is Unix time in seconds."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class RateLimits:
    """Fixed windows, each starting with its first request. Exempt requests get the headers and are not counted."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, rule: Rule | None, principal: Principal | None, address: str) -> tuple[WindowState, str]:
        """The caller's window after this request, and the reason to refuse the request (empty: admitted)."""
        caller = (principal.user_id or principal.via) if principal else address
        is_program = principal is not None and principal.via in ("password", "api_token")
        is_standard = principal is not None and principal.tier == "standard"
        window = (STANDARD if is_standard and is_program else PREMIUM, (caller, "browser" if not is_program else ""))
        if rule is None or rule.rate == "exempt":
            return self._state(*window), ""
        checks: list[tuple[tuple[RateLimitItem, tuple[str, ...]], str]] = [(window, "requests")]
        if is_standard and is_program:
            checks.append(((GENERAL, (caller,)), "requests"))
        if rule.rate == "search":
            checks.append(((SEARCHES, (address,)), "searches"))
        if rule.rate == "upload" and is_standard:
            checks.append(((UPLOADS, (caller,)), "uploads"))
        for (limit, key), what in checks:
            if not self._limiter.hit(limit, *key):
                state = self._state(limit, key)
                wait = seconds_until(state.reset)
                return (
                    state,
                    f"More than {limit.amount} {what} per {limit.GRANULARITY.name}; try again in {wait} seconds",
                )
        return self._state(*window), ""

    def _state(self, limit: RateLimitItem, key: tuple[str, ...]) -> WindowState:
        reset, remaining = self._limiter.get_window_stats(limit, *key)
        return WindowState(limit.amount, max(0, remaining), math.ceil(reset))


class RateLimitMiddleware:
    """ASGI middleware, inside the access middleware, which sets the principal."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._limits = RateLimits()
        self._enforces = settings.access == "required"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        rule = rule_of(scope)
        # Pages are not counted, except for their uploads.
        if not scope["path"].startswith("/api/") and (rule is None or rule.rate != "upload"):
            await self.app(scope, receive, send)
            return
        state = scope.get("state", {})
        window, refusal = self._limits.count(rule, state.get("principal"), address_of(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(window.headers)
            await send(message)

        if refusal and self._enforces:
            error = TooManyRequestsError(refusal, retry_after_seconds=seconds_until(window.reset))
            await pegbox_error_response(error, state.get("request_id", ""))(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


def address_of(scope: Scope) -> str:
    """The client address of a request, as the server reports it; empty when unknown."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def seconds_until(moment: float) -> int:
    """Whole seconds from now, at least one."""
    return max(1, math.ceil(moment - time.time()))
