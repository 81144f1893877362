"""Serves built assets. Names contain a hash, so browsers cache them without limit."""

from __future__ import annotations

from typing import Any

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope


class ImmutableFiles(StaticFiles):
    """Static files with immutable caching. Serves only `assets/`; the manifest stays private."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200 and path.startswith("assets/"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def lookup_path(self, path: str) -> tuple[str, Any]:
        return super().lookup_path(path) if path.startswith("assets/") else ("", None)
