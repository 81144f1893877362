"""The API reference of the tracker at Aspara's addresses: its part of the OpenAPI document, as JSON and as a page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

import pegbox
from monitor.dialects.aspara.routes import BASE_PATHS
from pegbox.web.reference.page import HEADERS, REFERENCE, reference_page

TITLE = "Aspara tracker"
NOTE = "The base path may be /tracker/api/v1 or /api/v1."

router = APIRouter(prefix="/tracker", include_in_schema=False)


@router.get("/openapi.json")
def get_tracker_document(request: Request) -> JSONResponse:
    """Returns the part of the OpenAPI document that describes Aspara's routes."""
    return JSONResponse(_document(request))


@router.get("/docs/tracker")
@router.get("/docs/tracker/redoc")
def get_tracker_page(request: Request) -> HTMLResponse:
    """Returns the reference as a page."""
    page = reference_page(_document(request), machine_forms=("/tracker/openapi.json",), note=NOTE)
    return HTMLResponse(page, headers=HEADERS)


def _document(request: Request) -> dict[str, Any]:
    whole: dict[str, Any] = request.app.state.description.document()
    paths = {path: methods for path, methods in whole["paths"].items() if path.startswith(BASE_PATHS[0])}
    schemas = whole["components"]["schemas"]
    wanted: set[str] = set()
    _collect_references(paths, schemas, wanted)
    return {
        "openapi": whole["openapi"],
        "info": {"title": TITLE, "version": pegbox.__version__},
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(wanted)}},
    }


def _collect_references(node: Any, schemas: dict[str, Any], found: set[str]) -> None:
    """Adds the names of all schemas that a node refers to, recursively."""
    if isinstance(node, list):
        for item in node:
            _collect_references(item, schemas, found)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix(REFERENCE)
        if name in schemas and name not in found:
            found.add(name)
            _collect_references(schemas[name], schemas, found)
        _collect_references(list(node.values()), schemas, found)
