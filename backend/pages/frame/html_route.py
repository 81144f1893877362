"""A route for browsers at a path shared with the API."""

from __future__ import annotations

from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope


class HtmlRoute(APIRoute):
    """Matches only requests that accept `text/html`."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if "text/html" not in Headers(scope=scope).get("accept", ""):
            return Match.NONE, {}
        return super().matches(scope)
