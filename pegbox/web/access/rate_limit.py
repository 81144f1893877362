"""How many requests somebody may send. Counted everywhere and told in every answer's headers; refused only where one must sign in.

The counts are in the memory of each process: backend and monitor count for themselves, and forget when they restart.
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
class Standing:
    """What the headers say; `reset` is Unix time in seconds."""

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
    """Windows begin with the first request in them. What does not count is still told where the caller stands."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def count(self, rule: Rule | None, principal: Principal | None, address: str) -> tuple[Standing, str]:
        """Where the caller stands after this request, and why it should be refused (empty: it should not)."""
        caller = (principal.user_id or principal.via) if principal else address
        is_programs = principal is not None and principal.via in ("password", "api_token")
        is_standard = principal is not None and principal.tier == "standard"
        pace = (STANDARD if is_standard and is_programs else PREMIUM, (caller, "browser" if not is_programs else ""))
        if rule is None or rule.rate == "exempt":
            return self._standing(*pace), ""
        wanted: list[tuple[tuple[RateLimitItem, tuple[str, ...]], str]] = [(pace, "requests")]
        if is_standard and is_programs:
            wanted.append(((GENERAL, (caller,)), "requests"))
        if rule.rate == "search":
            wanted.append(((SEARCHES, (address,)), "searches"))
        if rule.rate == "upload" and is_standard:
            wanted.append(((UPLOADS, (caller,)), "uploads"))
        for (limit, key), what in wanted:
            if not self._limiter.hit(limit, *key):
                standing = self._standing(limit, key)
                wait = seconds_until(standing.reset)
                return (
                    standing,
                    f"More than {limit.amount} {what} per {limit.GRANULARITY.name}; try again in {wait} seconds",
                )
        return self._standing(*pace), ""

    def _standing(self, limit: RateLimitItem, key: tuple[str, ...]) -> Standing:
        reset, remaining = self._limiter.get_window_stats(limit, *key)
        return Standing(limit.amount, max(0, remaining), math.ceil(reset))


class RateLimitMiddleware:
    """Plain ASGI, inside of what knows who it is."""

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
        standing, refusal = self._limits.count(rule, state.get("principal"), address_of(scope))

        async def send_with_standing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(standing.headers)
            await send(message)

        if refusal and self._enforces:
            error = TooManyRequestsError(refusal, retry_after_seconds=seconds_until(standing.reset))
            await pegbox_error_response(error, state.get("request_id", ""))(scope, receive, send_with_standing)
        else:
            await self.app(scope, receive, send_with_standing)


def address_of(scope: Scope) -> str:
    """Where a request comes from, as the server knows it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def seconds_until(moment: float) -> int:
    """Whole seconds from now, at least one."""
    return max(1, math.ceil(moment - time.time()))
