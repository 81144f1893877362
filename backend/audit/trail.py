"""Middleware that records every changing request, done or refused, before its response is sent."""

from __future__ import annotations

import logging
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.audit import service
from backend.audit.repository import REFUSED_FROM
from pegbox.schemas.account import Principal
from pegbox.store.database import open_session
from pegbox.store.tables import AuditEntry
from pegbox.web.access.guard import SAFE_METHODS
from pegbox.web.access.rate_limit import address_of
from pegbox.web.access.route_rules import rule_of

log = logging.getLogger(__name__)

REFUSALS: RateLimitItem = RateLimitItemPerMinute(60, namespace="audit")
"""Refused requests recorded per address, so that a flood does not fill the disk. The service log has all of them."""

MAX_CHARACTERS = 300


class AuditTrail:
    """ASGI middleware outside authentication and limits, so that refusals are recorded too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return

        async def record_and_send(message: Message) -> None:
            if message["type"] == "http.response.start" and self._should_record(scope, message["status"]):
                await run_in_threadpool(self._record, scope, message["status"])
            await send(message)

        await self.app(scope, receive, record_and_send)

    def _should_record(self, scope: Scope, status: int) -> bool:
        if status >= REFUSED_FROM:
            return self._limiter.hit(REFUSALS, address_of(scope))
        rule = rule_of(scope)
        return rule is None or rule.is_audited

    @staticmethod
    def _record(scope: Scope, status: int) -> None:
        entry = _entry(scope, status)
        try:
            with open_session(scope["app"].state.engine) as db:
                service.record(db, entry)
        except SQLAlchemyError:
            # The change is committed: an error response would be wrong. The service log shows the gap.
            log.exception("not in the audit log: %s %s by %s", entry.action, entry.target, entry.actor)


def _entry(scope: Scope, status: int) -> AuditEntry:
    state: dict[str, Any] = scope.get("state", {})
    principal: Principal | None = state.get("principal")
    return AuditEntry(
        actor=str(state.get("audit_actor") or (principal.name if principal else ""))[:MAX_CHARACTERS],
        via=principal.via if principal else "",
        action=_action(scope),
        target=scope["path"][:MAX_CHARACTERS],
        address=address_of(scope)[:MAX_CHARACTERS],
        status=status,
        detail=str(state.get("audit_detail", ""))[:MAX_CHARACTERS],
        request_id=str(state.get("request_id", "")),
    )


def _action(scope: Scope) -> str:
    """The name of the route's function; the HTTP method for requests that matched no route."""
    endpoint = scope.get("endpoint")
    name: str = getattr(endpoint, "__name__", "") or scope["method"]
    return name[:MAX_CHARACTERS]
