"""Error pages for browsers."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from backend.pages.frame.layout import Area, layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError
from pegbox.store.database import open_session

AREAS: dict[str, tuple[Area, str, str]] = {
    "datasets": ("Datasets", "/datasets", "All datasets"),
    "models": ("Models", "/models", "All models"),
    "jobs": ("Jobs", "/jobs", "All jobs"),
}
TITLES = {403: "Not allowed", 404: "Not found", 409: "Not possible now", 422: "That does not fit", 503: "Not available"}


@dataclass(frozen=True)
class ErrorPage:
    """Context of the error page; `href` and `link` lead back."""

    title: str
    message: str
    href: str
    link: str


def is_wanted(request: Request) -> bool:
    """Whether a browser requested a page."""
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith(
        ("/api/", "/ws/", "/docs", "/static/")
    )


async def show(request: Request, error: Exception) -> HTMLResponse | None:
    """The page for this error; `None` for internal errors and for requests without a principal."""
    if request.state.principal is None:
        return None
    if isinstance(error, PegboxError):
        return await run_in_threadpool(_render, request, error.status, error.message)
    if isinstance(error, HTTPException) and error.status_code == 404:
        return await run_in_threadpool(_render, request, 404, f"There is no page at {request.url.path}.")
    return None


def _render(request: Request, status: int, message: str) -> HTMLResponse:
    area, href, link = AREAS.get(request.url.path.strip("/").partition("/")[0], ("", "/", "Overview"))
    if request.method == "POST":
        href, link = request.headers.get("referer", href), "Back"
    page = ErrorPage(TITLES.get(status, "Something went wrong"), message, href, link)
    with open_session(request.app.state.engine) as db:
        layout = layout_for(request, db, request.app.state.settings, area)
    return render(request, "frame/error.html", layout=layout, page=page, status=status)
