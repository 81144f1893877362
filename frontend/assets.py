"""Renders the scripts and styles of a page from Vite's manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from frontend import DIST

STATIC_PATH = "/static/app/"


class AssetsMissingError(RuntimeError):
    """The dashboard's scripts and styles are not built."""


@dataclass(frozen=True)
class Assets:
    """The built files of one `dist` folder.

    Usage: `Assets.load().tags("base", "job")` in a page's head.
    """

    manifest: dict[str, Any]

    @classmethod
    def load(cls, dist: Path = DIST) -> Assets:
        """Reads the manifest. Raises AssetsMissingError when the dashboard is not built."""
        path = dist / "manifest.json"
        if not path.is_file():
            raise AssetsMissingError("The dashboard's assets are not built. Run: python hatch_build.py")
        return cls(json.loads(path.read_text("utf-8")))

    def tags(self, *pages: str) -> Markup:
        """`<link>` and `<script>` elements for these page scripts: styles, then preloads, then modules."""
        styles: dict[str, None] = {}
        preloads: dict[str, None] = {}
        scripts: dict[str, None] = {}
        seen: set[str] = set()
        for page in pages:
            key = f"src/pages/{page}.ts"
            self._collect(key, seen, styles, preloads)
            scripts[self.manifest[key]["file"]] = None
        lines = [f'<link rel="stylesheet" href="{_url(file)}">' for file in styles]
        lines += [f'<link rel="modulepreload" href="{_url(file)}">' for file in preloads if file not in scripts]
        lines += [f'<script type="module" src="{_url(file)}"></script>' for file in scripts]
        return Markup("\n".join(lines))  # noqa: S704 - consists of file names of the build

    def font(self) -> Markup:
        """A preload of the Latin text font, so that it is available for the first paint."""
        for chunk in self.manifest.values():
            file = str(chunk.get("file", ""))
            if "inter-latin-wght-normal" in file and file.endswith(".woff2"):
                return Markup(f'<link rel="preload" href="{_url(file)}" as="font" type="font/woff2" crossorigin>')  # noqa: S704 - consists of file names of the build
        return Markup("")

    def _collect(self, key: str, seen: set[str], styles: dict[str, None], preloads: dict[str, None]) -> None:
        if key in seen:
            return
        seen.add(key)
        chunk = self.manifest[key]
        for imported in chunk.get("imports", ()):
            self._collect(imported, seen, styles, preloads)
            preloads[self.manifest[imported]["file"]] = None
        for file in chunk.get("css", ()):
            styles[file] = None


def _url(file: str) -> str:
    return str(escape(STATIC_PATH + file))
