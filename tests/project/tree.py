"""The repository as the checks see it: what git tracks, where it lies."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("pegbox", "backend", "monitor", "frontend")


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks, matching any of the pathspecs; absolute. A file deleted but not yet committed is left out."""
    answer = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    files = [ROOT / name for name in answer.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


def name_of(file: Path) -> str:
    """The path as people write it, relative to the repository."""
    return file.relative_to(ROOT).as_posix()
