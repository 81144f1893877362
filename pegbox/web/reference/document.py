"""The OpenAPI document of a service: as JSON, as YAML, and as a self-contained page.

FastAPI's own routes are off (`openapi_url=None`): they build the document on the event loop, and their pages load scripts from
other hosts.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from pegbox.web.reference.page import HEADERS, reference_page

router = APIRouter(include_in_schema=False)


class Description:
    """The document and its formats, each built on first use and cached."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._formats: dict[str, bytes] = {}

    def document(self) -> dict[str, Any]:
        """The document. Takes up to a second on first use: do not call it on the event loop."""
        with self._lock:
            return self._app.openapi()

    def read(self, format_as: Callable[[dict[str, Any]], str]) -> bytes:
        """The document in one of the formats below; do not call it on the event loop."""
        document = self.document()
        with self._lock:
            if format_as.__name__ not in self._formats:
                self._formats[format_as.__name__] = format_as(document).encode()
            return self._formats[format_as.__name__]


def install(app: FastAPI) -> None:
    """Adds `/openapi.json`, `/openapi.yaml`, `/docs` and `/api/docs` to a service."""
    app.state.description = Description(app)
    app.include_router(router)


@router.get("/openapi.json")
def get_json(request: Request) -> Response:
    return Response(request.app.state.description.read(_json), media_type="application/json")


@router.get("/openapi.yaml")
def get_yaml(request: Request) -> Response:
    return Response(request.app.state.description.read(_yaml), media_type="application/yaml")


@router.get("/docs")
@router.get("/api/docs")
def get_page(request: Request) -> Response:
    return Response(request.app.state.description.read(_page), media_type="text/html", headers=HEADERS)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _yaml(document: dict[str, Any]) -> str:
    import yaml  # noqa: PLC0415 - rarely used, and every service would keep it in memory

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _page(document: dict[str, Any]) -> str:
    return reference_page(document, machine_forms=("/openapi.json", "/openapi.yaml"), with_forms=True)
