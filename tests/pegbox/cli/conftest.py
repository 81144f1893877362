"""Runs the command in its own process, as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pegbox.sample import SAMPLE_CSV
from tests.stack import ROOT


@dataclass(frozen=True)
class Outcome:
    """The output and the exit code of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Pegbox = Callable[..., Outcome]


@pytest.fixture
def pegbox() -> Pegbox:
    """`pegbox("job", "list")` against a stack, if one is given."""

    def run(*words: str, stack: Any = None, seconds: float = 60, env: Mapping[str, str] | None = None) -> Outcome:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        if stack is not None:
            variables |= {
                "PEGBOX_URL": stack.backend_url,
                "PEGBOX_MONITOR_URL": stack.monitor_url,
                "PEGBOX_HOME": str(stack.home),
            }
        done = subprocess.run(
            [sys.executable, "-m", "pegbox", *words],
            env=variables,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def few_rows(tmp_path: Path) -> Path:
    """The first 60 rows of the sample dataset."""
    path = tmp_path / "questions.csv"
    with SAMPLE_CSV.open(encoding="utf-8") as file:
        path.write_text("".join(next(file) for _ in range(61)), encoding="utf-8")
    return path
