"""Every route of an application, those that its OpenAPI document leaves out included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.routing import Mount, WebSocketRoute


def routes_of(app: FastAPI) -> set[str]:
    """`GET /api/jobs/{uid}`, `WEBSOCKET /ws/live`."""
    found = set(_walk(app.router.routes))
    documented = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    missing = documented - {name.replace(":path}", "}") for name in found}
    assert not missing, f"the walk over the routes has missed {missing}"
    return found


def nameless(route: str) -> str:
    """Without the names of its parameters, which only readers need."""
    return re.sub(r"\{[^}:]*(:path)?\}", r"{\1}", route)


def address(template: str) -> str:
    """A path that only this template means."""
    return re.sub(r"\{[^}]*\}", "some-id", template)


def _walk(routes: Any) -> Iterator[str]:
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from _walk(route.effective_candidates())
            continue
        plain = getattr(route, "starlette_route", None) or route
        path = getattr(route, "path", None) or plain.path
        if isinstance(plain, Mount):
            yield f"GET {path}/{{file:path}}"
        elif isinstance(plain, WebSocketRoute):
            yield f"WEBSOCKET {path}"
        else:
            methods = getattr(route, "methods", None) or plain.methods
            yield from (f"{method} {path}" for method in methods if method != "HEAD")
