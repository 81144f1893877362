"""docs/api: a heading for every endpoint, a table row for every hyperparameter, and examples that run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from backend.app import create_app as create_backend
from monitor.app import create_app as create_monitor
from monitor.live.websocket import router as websocket_router
from pegbox.schemas.hyperparameters import Hyperparameters
from pegbox.settings import Settings
from tests.project.markdown import blocks, prose
from tests.project.tree import ROOT
from tests.stack import Stack

PAGES = sorted((ROOT / "docs/api").glob("*.md"))
HEADING = re.compile(r"^### ((?:GET|POST|PUT|PATCH|DELETE|WebSocket) /\S*)$", re.MULTILINE)
CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 60\n"


def endpoints(app: FastAPI) -> set[str]:
    """`GET /api/jobs` and the like."""
    return {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}


def test_every_endpoint_has_its_heading_and_every_heading_its_endpoint(settings: Settings) -> None:
    headings = [heading for page in PAGES for heading in HEADING.findall(prose(page))]
    assert sorted(set(headings)) == sorted(headings), "an endpoint is described twice"
    streams = {f"WebSocket {route.path}" for route in websocket_router.routes if isinstance(route, WebSocketRoute)}
    assert set(headings) == endpoints(create_backend(settings)) | endpoints(create_monitor(settings)) | streams


def test_every_hyperparameter_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/api/jobs.md").read_text(), re.MULTILINE))
    assert set(Hyperparameters.model_fields) - rows == set()


def test_the_examples_run(stack: Stack, tmp_path: Path) -> None:
    """Each page from top to bottom in a shell of its own, on a Pegbox without a worker."""
    (tmp_path / ".curlrc").write_text(CURLRC)
    for page in PAGES:
        answer = subprocess.run(
            ["bash", "-c", shell_script(page, stack)],
            cwd=tmp_path,
            env={**stack.env, "CURL_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, f"{answer.stdout[-3000:]}\n{answer.stderr[-3000:]}"


def shell_script(page: Path, stack: Stack) -> str:
    """The page's shell and Python examples as one script that stops at the first failure."""
    script = ["set -euo pipefail"]
    for block in blocks(page):
        body = block.body.replace("127.0.0.1:8000", f"127.0.0.1:{stack.port}")
        body = body.replace("127.0.0.1:8001", f"127.0.0.1:{stack.monitor_port}")
        script.append(f"echo '== {page.name}:{block.line}'")
        if block.language == "bash":
            script.append(body)
        elif block.language == "python":
            script.append(f"\"{sys.executable}\" - <<'PYTHON'\n{body}PYTHON")
    return "\n".join(script)
