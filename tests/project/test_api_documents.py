"""docs/api: a heading for every endpoint, a table row for every hyperparameter."""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from backend.app import create_app as create_backend
from monitor.app import create_app as create_monitor
from monitor.live.job_stream import router as job_stream_router
from monitor.live.multiplex import router as multiplex_router
from monitor.live.websocket import router as websocket_router
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.settings import Settings
from tests.project.markdown import prose
from tests.project.tree import ROOT

PAGES = sorted((ROOT / "docs/api").glob("*.md"))
HEADING = re.compile(r"^### ((?:GET|POST|PUT|PATCH|DELETE|WebSocket) /\S*)$", re.MULTILINE)


def endpoints(app: FastAPI) -> set[str]:
    """`GET /api/jobs` and the like."""
    return {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}


def test_every_endpoint_has_its_heading_and_every_heading_its_endpoint(settings: Settings) -> None:
    headings = [heading for page in PAGES for heading in HEADING.findall(prose(page))]
    assert sorted(set(headings)) == sorted(headings), "an endpoint is described twice"
    routes = [*websocket_router.routes, *multiplex_router.routes, *job_stream_router.routes]
    streams = {f"WebSocket {route.path}" for route in routes if isinstance(route, WebSocketRoute)}
    assert set(headings) == endpoints(create_backend(settings)) | endpoints(create_monitor(settings)) | streams


def test_every_hyperparameter_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/api/jobs.md").read_text(), re.MULTILINE))
    assert set(Hyperparameters.model_fields) - rows == set()
