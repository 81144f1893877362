"""The trainer process: stopped, killed and resumed, its loss curve is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pegbox.schemas.queue import BaseModelSpec, JobResult, JobSpec
from pegbox.trainer.assignment import Assignment, Failure
from pegbox.trainer.checkpoints import complete_checkpoints
from pegbox.trainer.executors.local import Child
from pegbox.trainer.job_folder import JobFolder
from tests.stack import wait_until

pytestmark = pytest.mark.train

NOBODY = "http://127.0.0.1:9"
"""Without a monitor all metrics wait in the outbox, where a test can read them."""

STEPS = {"max_steps": 60, "eval_steps": 10, "save_steps": 7, "lora_dropout": 0.2, "method": "lora"}
"""LoRA with dropout, so that the random state matters in every step."""


def start(children: list[Any], home: Path, spec: JobSpec) -> Child:
    child = Child(home)
    children.append(child)
    child.wait_until_ready(120)
    child.assign(Assignment(job=spec, home=home, monitor_url=NOBODY))
    return child


def curve(home: Path) -> dict[int, float]:
    """train_loss by step over all attempts, later attempts counting from where they rewound to."""
    losses: dict[int, float] = {}
    for outbox in sorted((home / "worker" / "outbox").glob("*.jsonl"), key=lambda file: file.stat().st_ctime_ns):
        for line in outbox.read_text("utf-8").splitlines():
            batch = json.loads(line).get("batch", {})
            if batch.get("rewind_to") is not None:
                losses = {step: loss for step, loss in losses.items() if step <= batch["rewind_to"]}
            points = batch.get("points", {"step": [], "metrics": {}})
            for step, loss in zip(points["step"], points["metrics"].get("train_loss", []), strict=False):
                if loss is not None:
                    losses[step] = loss
    return losses


def folder_in(home: Path, csv: Path) -> JobFolder:
    folder = JobFolder(home, "job_1", "model-1")
    folder.create()
    folder.dataset.write_bytes(csv.read_bytes())
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Filled by the first test that needs the undisturbed curve."""
    return {"home": tmp_path_factory.mktemp("undisturbed")}


def undisturbed_curve(undisturbed: dict[str, Any], children: list[Any], spec: JobSpec, csv: Path) -> dict[int, float]:
    if "curve" not in undisturbed:
        home = undisturbed["home"]
        folder_in(home, csv)
        assert start(children, home, spec).wait(120) == 0
        undisturbed["curve"] = curve(home)
    assert sorted(undisturbed["curve"]) == list(range(1, 61))
    found: dict[int, float] = undisturbed["curve"]
    return found


def test_resumed_curve_is_bit_equal(
    undisturbed: dict[str, Any],
    children: list[Any],
    make_spec: Callable[..., JobSpec],
    folder: JobFolder,
    small_csv: Path,
) -> None:
    child = start(children, folder.home, make_spec(**STEPS))
    wait_until(lambda: len(complete_checkpoints(folder.checkpoints)) >= 2, seconds=60, what="two checkpoints")
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(60) == -9
    reached = max(progress.step for _, progress in complete_checkpoints(folder.checkpoints))
    assert reached < 60
    assert not folder.result.exists()

    assert start(children, folder.home, make_spec(attempt=2, **STEPS)).wait(120) == 0

    assert curve(folder.home) == undisturbed_curve(undisturbed, children, make_spec(**STEPS), small_csv)
    result = JobResult.model_validate_json(folder.result.read_bytes())
    assert result.steps == 60
    assert len(result.answers.before) == len(result.answers.after) == 5


def test_failure_is_one_clear_sentence(
    children: list[Any], make_spec: Callable[..., JobSpec], folder: JobFolder, tmp_path: Path
) -> None:
    missing = BaseModelSpec(uid="m", name="m", source="local", location=str(tmp_path / "nowhere"))

    assert start(children, folder.home, make_spec(model=missing)).wait(60) == 1

    failure = Failure.model_validate_json(folder.failure.read_bytes())
    assert failure.error == f"There is no folder {tmp_path / 'nowhere'} on the machine of this worker."
    assert "Traceback" not in folder.stderr_log.read_text("utf-8")
