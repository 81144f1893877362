"""The tracker's own documents where Aspara has them: its part of the OpenAPI document, and a page that needs nothing else.

The pages that FastAPI brings load their scripts from elsewhere; this one is plain HTML and works without a network.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

import pegbox
from monitor.dialects.aspara.routes import BASE_PATHS

TITLE = "Aspara tracker"
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "h2{font:600 1rem ui-monospace,monospace;border-top:1px solid #8886;padding-top:1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.15rem 1rem .15rem 0}"
    "code{font-family:ui-monospace,monospace}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = {
    "default-src": "'none'",
    "style-src": f"'sha256-{STYLE_HASH}'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
}

router = APIRouter(prefix="/tracker", include_in_schema=False)


@router.get("/openapi.json")
def get_tracker_document(request: Request) -> JSONResponse:
    """The part of the monitor's OpenAPI document that Aspara's clients speak."""
    return JSONResponse(_document(request))


@router.get("/docs/tracker")
@router.get("/docs/tracker/redoc")
def get_tracker_page(request: Request) -> HTMLResponse:
    """The same for people."""
    return HTMLResponse("".join(_page(_document(request))), headers=HEADERS)


def _document(request: Request) -> dict[str, Any]:
    whole: dict[str, Any] = request.app.openapi()
    paths = {path: methods for path, methods in whole["paths"].items() if path.startswith(BASE_PATHS[0])}
    schemas = whole["components"]["schemas"]
    wanted: set[str] = set()
    _gather(paths, schemas, wanted)
    return {
        "openapi": whole["openapi"],
        "info": {"title": TITLE, "version": pegbox.__version__},
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(wanted)}},
    }


def _gather(node: Any, schemas: dict[str, Any], found: set[str]) -> None:
    """Adds the names of all schemas that a part of the document leads to."""
    if isinstance(node, list):
        for item in node:
            _gather(item, schemas, found)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/components/schemas/")
        if name in schemas and name not in found:
            found.add(name)
            _gather(schemas[name], schemas, found)
        _gather(list(node.values()), schemas, found)


def _page(document: dict[str, Any]) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{TITLE} API</title>'
    yield f'<link rel="icon" href="data:,"><style>{STYLE}</style><h1>{TITLE} API</h1>'
    yield "<p>The base path may be <code>/tracker/api/v1</code> or <code>/api/v1</code>. "
    yield 'For programs: <a href="/tracker/openapi.json">openapi.json</a>.</p>'
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<h2>{method.upper()} {escape(path)}</h2><p>{escape(operation['description'])}</p>"
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                yield f"<p>Body, <code>{escape(kind)}</code>:</p>"
                yield from _fields(media["schema"], schemas)
            yield "<p>Answers:</p><table>"
            for status, answer in operation["responses"].items():
                yield f"<tr><th>{status}<td>{escape(answer['description'])}"
            yield "</table>"
    yield "</html>"


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    schema = schemas.get(str(schema.get("$ref", "")).removeprefix("#/components/schemas/"), schema)
    required = schema.get("required", [])
    yield "<table>"
    for name, field in schema["properties"].items():
        need = "required" if name in required else "optional"
        yield f"<tr><th><code>{escape(name)}</code><td>{_kind(field)}<td>{need}"
        yield f"<td>{escape(field.get('description', ''))}"
    yield "</table>"


def _kind(field: dict[str, Any]) -> str:
    """`string`, `array of string`, `integer or null`."""
    if "anyOf" in field:
        return " or ".join(_kind(choice) for choice in field["anyOf"])
    if "$ref" in field:
        return escape(field["$ref"].rsplit("/", 1)[-1])
    if field.get("type") == "array":
        return f"array of {_kind(field['items'])}"
    return escape(str(field.get("type", "any")))
