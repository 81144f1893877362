"""Built assets: their names carry a hash, so browsers may keep them for ever."""

from __future__ import annotations

from typing import Any

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope


class ImmutableFiles(StaticFiles):
    """Static files that never change under their name; the manifest is no page's business and stays private."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200 and path.startswith("assets/"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def lookup_path(self, path: str) -> tuple[str, Any]:
        return super().lookup_path(path) if path.startswith("assets/") else ("", None)
