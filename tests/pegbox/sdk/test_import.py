"""`import pegbox` is fast: a training script does not import a web stack that it does not use."""

from __future__ import annotations

import json
import subprocess
import sys

import pegbox
from tests.stack import ROOT

HEAVY = ("httpx2", "pydantic", "numpy", "sqlalchemy", "fastapi", "torch", "msgspec", "http.client", "asyncio")


def run_python(code: str) -> str:
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    return answer.stdout


def test_nothing_heavy_is_loaded() -> None:
    code = "import json, sys, pegbox; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run_python(code)))
    assert not loaded & set(HEAVY)


def test_the_public_surface() -> None:
    assert set(pegbox.__all__) == {
        "AsyncClient",
        "Client",
        "Histogram",
        "Run",
        "Table",
        "Text",
        "__version__",
        "finish",
        "init",
        "log",
    }
    for name in pegbox.__all__:
        assert getattr(pegbox, name) is not None


def test_the_client_is_loaded_when_asked_for() -> None:
    code = "import sys, pegbox; before = 'httpx2' in sys.modules; pegbox.Client; print(before, 'httpx2' in sys.modules)"
    assert run_python(code).split() == ["False", "True"]
