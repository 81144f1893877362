"""The trainer process: what it says when it cannot do its job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pegbox.schemas.jobs.queue import BaseModelSpec, TrainingSpec
from pegbox.worker.assignment import Assignment, Failure
from pegbox.worker.executors.local import LocalTrainerProcess
from pegbox.worker.job_folder import JobFolder

pytestmark = pytest.mark.train

NOBODY = "http://127.0.0.1:9"
"""Without a monitor all metrics wait in the outbox, where a test can read them."""


def start(children: list[Any], home: Path, spec: TrainingSpec) -> LocalTrainerProcess:
    child = LocalTrainerProcess(home)
    children.append(child)
    child.wait_until_ready(120)
    child.assign(Assignment(job=spec, home=home, monitor_url=NOBODY))
    return child


def test_failure_is_one_clear_sentence(
    children: list[Any], make_spec: Callable[..., TrainingSpec], folder: JobFolder, tmp_path: Path
) -> None:
    missing = BaseModelSpec(uid="m", name="m", source="local", location=str(tmp_path / "nowhere"))

    assert start(children, folder.home, make_spec(model=missing)).wait(60) == 1

    failure = Failure.model_validate_json(folder.failure.read_bytes())
    assert failure.error == f"There is no folder {tmp_path / 'nowhere'} on the machine of this worker."
    assert "Traceback" not in folder.stderr_log.read_text("utf-8")
