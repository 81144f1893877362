"""The description of a service's API: as JSON, as YAML, and as a page that needs nothing from elsewhere.

FastAPI's own routes for these are off (`openapi_url=None`): they make the document on the event loop, and their pages load scripts
from other hosts.
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
    """Each form is made when it is first asked for, and kept."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._forms: dict[str, bytes] = {}

    def document(self) -> dict[str, Any]:
        """The document itself. Takes a second the first time: not for the event loop."""
        with self._lock:
            return self._app.openapi()

    def read(self, form: Callable[[dict[str, Any]], str]) -> bytes:
        """The document in one of the forms below; neither for the event loop."""
        document = self.document()
        with self._lock:
            if form.__name__ not in self._forms:
                self._forms[form.__name__] = form(document).encode()
            return self._forms[form.__name__]


def install(app: FastAPI) -> None:
    """Adds `/openapi.json`, `/openapi.yaml` and the pages to a service."""
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
    import yaml  # noqa: PLC0415 - few ask for it, and every service would keep it in memory

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _page(document: dict[str, Any]) -> str:
    return reference_page(document, machine_forms=("/openapi.json", "/openapi.yaml"), with_forms=True)
