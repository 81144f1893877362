"""The examples of the documents run, as they stand, against real services."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.markdown import blocks
from tests.project.tree import ROOT, name_of
from tests.stack import Stack

CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 600\n"


def test_the_examples_of_the_api_run(stack: Stack, tmp_path: Path) -> None:
    """Each page in a shell of its own, on a Pegbox without a worker."""
    for page in sorted((ROOT / "docs/api").glob("*.md")):
        run_examples(page, stack, tmp_path)


@pytest.mark.train
@pytest.mark.slow
def test_the_examples_of_the_workflow_run(stack: Stack, tmp_path: Path) -> None:
    """From the CSV to the model that answers, three trainings on the way."""
    stack.start("worker")
    run_examples(ROOT / "WORKFLOW.md", stack, tmp_path)


def run_examples(document: Path, stack: Stack, folder: Path) -> None:
    """The document's shell and Python examples, top to bottom; fails at the first that fails."""
    (folder / ".curlrc").write_text(CURLRC)
    answer = subprocess.run(
        ["bash", "-c", script(document, stack)],
        cwd=folder,
        env={
            **stack.env,
            "CURL_HOME": str(folder),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, f"{answer.stdout[-3000:]}\n{answer.stderr[-3000:]}\n{stack.output('worker')[-2000:]}"


def script(document: Path, stack: Stack) -> str:
    """All examples as one script, with the addresses of this stack."""
    lines = ["set -euo pipefail"]
    for block in blocks(document):
        if "pegbox up" in block.body:
            continue  # the stack is up
        body = block.body.replace("127.0.0.1:8000", f"127.0.0.1:{stack.port}")
        body = body.replace("127.0.0.1:8001", f"127.0.0.1:{stack.monitor_port}")
        lines.append(f"echo '== {name_of(document)}:{block.line}'")
        if block.language == "bash":
            lines.append(body)
        elif block.language == "python":
            lines.append(f"python - <<'PYTHON'\n{body}PYTHON")
    return "\n".join(lines)
