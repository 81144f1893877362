"""The TypeScript SDK: built from the OpenAPI document and tested with Node against running services."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.tree import ROOT
from tests.stack import Stack

SDK = ROOT / "sdk/typescript"
TOKEN = "your-api-key"
TRAINING = "\n".join(f'METRIC:{{"step": {step}, "loss": {1 / step}}}' for step in (1, 2, 3))


def node(*command: str, **env: str) -> str:
    """The output of a command of the package, run with the locked version of Node."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    answer = subprocess.run(
        command,
        cwd=SDK,
        env={**os.environ, "PATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert answer.returncode == 0, f"{answer.stdout[-6000:]}\n{answer.stderr[-3000:]}"
    return answer.stdout


@pytest.fixture(scope="module")
def built() -> None:
    """The package in `dist`, with types generated from the current API."""
    assert (SDK / "node_modules").is_dir(), "run `make setup-dev` first: it fetches the compiler"
    document = subprocess.run(
        [sys.executable, str(SDK / "document.py")], cwd=ROOT, capture_output=True, check=True, timeout=120
    )
    (SDK / "openapi.json").write_bytes(document.stdout)
    node("npm", "run", "--silent", "generate")
    node("npm", "run", "--silent", "build")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("typescript") / "home"
    home.mkdir()
    with Stack(home, {"PEGBOX_TOKEN": TOKEN, "HF_ENDPOINT": "http://127.0.0.1:9"}) as running:
        yield running


@pytest.mark.usefixtures("built")
def test_the_client_against_running_services(services: Stack) -> None:
    found = node(
        *("npm", "test", "--silent"),
        PEGBOX_URL=services.backend_url,
        PEGBOX_MONITOR_URL=services.monitor_url,
        PEGBOX_TOKEN=TOKEN,
    )
    assert "fail 0" in found


@pytest.mark.usefixtures("built")
def test_the_published_example(services: Stack, tmp_path: Path) -> None:
    script = tmp_path / "train.sh"
    script.write_text(f"cat <<'METRICS'\n{TRAINING}\nMETRICS\n")
    services.start("worker")
    printed = node("node", "tests/example.ts", PEGBOX_URL=services.backend_url, COMMAND=f"sh {script}")
    assert printed.splitlines() == ["Step 1: loss=1", "Step 2: loss=0.5", "Step 3: loss=0.3333333333333333"]


def test_the_package_names_no_registry() -> None:
    lock = (SDK / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
