"""A real TRL training that reports to Trackio, with the address of our monitor: nothing else changes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pegbox.data.rows import Row
from pegbox.inference.starter import build_starter
from tests.dialects.foreign_client import ForeignScript
from tests.pegbox.sdk.monitor_process import MonitorProcess

pytestmark = pytest.mark.train

STEPS = 12
ROWS = [Row(f"What is {number} plus one?", str(number + 1)) for number in range(40)]
TRAINING = """
import os, sys
sys.path.append(os.environ["CLIENT"])  # behind everything of ours: only what we lack comes from there
from datasets import Dataset
from trl import SFTConfig, SFTTrainer

rows = [{"prompt": f"What is {n} plus one?", "completion": str(n + 1)} for n in range(40)]
arguments = SFTConfig(
    output_dir="out", report_to="trackio", project="trl", run_name="tiny", max_steps=int(os.environ["STEPS"]),
    per_device_train_batch_size=4, logging_steps=1, save_strategy="no", use_cpu=True, bf16=False, disable_tqdm=True,
    max_length=64, gradient_checkpointing=False,
)
SFTTrainer(os.environ["MODEL"], args=arguments, train_dataset=Dataset.from_list(rows)).train()
"""


def test_every_step_of_a_trl_training_arrives(trackio_python: Path, monitor: MonitorProcess, tmp_path: Path) -> None:
    model = build_starter(tmp_path / "tiny", ROWS, seed=1, hidden_size=32, layers=1)
    [packages] = (trackio_python.parent.parent / "lib").glob("python*/site-packages")
    env = {
        "CLIENT": str(packages),
        "MODEL": str(model),
        "STEPS": str(STEPS),
        "TRACKIO_DIR": str(tmp_path / "trackio"),
        "TRACKIO_SERVER_URL": monitor.url,
        "TRACKIO_WRITE_TOKEN": "any",
        "HF_HUB_OFFLINE": "1",
    }
    with ForeignScript(Path(sys.executable), TRAINING, tmp_path / "script", env) as script:
        script.wait()
    [run] = [run for run in monitor.get("/api/runs?experiment=trl&limit=200") if run["name"] == "tiny"]
    losses = monitor.series(run["id"], "train/loss")
    assert sorted(losses) == list(range(STEPS)), script.log  # the trainer leaves the counting to Trackio, from zero
    assert all(loss > 0 for loss in losses.values())
    assert run["config"]["max_steps"] == STEPS
