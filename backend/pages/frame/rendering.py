"""Renders templates with a typed context, under a strict content security policy."""

from __future__ import annotations

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backend.pages.frame import filters
from backend.pages.frame.layout import Layout
from frontend import DIST, TEMPLATES
from frontend.assets import Assets

FAVICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' fill='none' stroke='%232b57d0'"
    " stroke-width='2.4' stroke-linecap='round'%3E%3Cpath d='M3 15c3 0 3-10 7-10s4 10 7 10'/%3E"
    "%3Cpath d='M3 5c3 0 3 10 7 10s4-10 7-10' opacity='.45'/%3E%3C/svg%3E"
)


def render(
    request: Request, template: str, *scripts: str, layout: Layout, page: object, status: int = 200
) -> HTMLResponse:
    """A page of the dashboard; `scripts` are loaded in addition to `base`."""
    nonce = secrets.token_urlsafe(16)
    html = (
        environment()
        .get_template(template)
        .render(layout=layout, page=page, nonce=nonce, assets=assets().tags("base", *scripts), font=assets().font())
    )
    return HTMLResponse(html, status_code=status, headers=_headers(nonce, layout.monitor_url, request))


def render_bare(request: Request, template: str, *, page: object, status: int = 200) -> HTMLResponse:
    """A page without the frame: login and setup."""
    nonce = secrets.token_urlsafe(16)
    html = environment().get_template(template).render(page=page, nonce=nonce, assets=assets().tags("base"))
    return HTMLResponse(html, status_code=status, headers=_headers(nonce, "", request))


def render_part(template: str, *, part: object) -> HTMLResponse:
    """An HTML fragment that a page script inserts."""
    html = environment().get_template(template).render(part=part)
    return HTMLResponse(html, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


@lru_cache(maxsize=1)
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=True,
    )
    for function in (filters.whole, filters.figure, filters.iso, filters.utc_clock, filters.unix):
        made.filters[function.__name__] = function
    made.globals["favicon"] = FAVICON
    return made


def assets() -> Assets:
    """The built assets, reloaded after a build."""
    manifest = DIST / "manifest.json"
    return _load(DIST, manifest.stat().st_mtime_ns if manifest.is_file() else 0)


@lru_cache(maxsize=1)
def _load(dist: Path, _built_at: int) -> Assets:
    return Assets.load(dist)


def _headers(nonce: str, monitor_url: str, request: Request) -> dict[str, Any]:
    socket_url = monitor_url.replace("http", "ws", 1)
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' 'nonce-{nonce}'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": f"'self' data: {monitor_url}".rstrip(),
        "connect-src": f"'self' {monitor_url} {socket_url}".rstrip(),
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        # Pages show live numbers: browsers must revalidate.
        "Cache-Control": "no-cache",
        **({"Vary": "Accept"} if request.url.path == "/" else {}),
    }
