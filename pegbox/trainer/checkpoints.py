"""Checkpoint folders and the training progress saved in each. Does not import torch.

A checkpoint is complete when its folder contains `complete.json`, which is written last and lists the size of each file. A
process killed while saving leaves an incomplete folder, which later attempts ignore and delete.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pegbox.schemas.jobs.queue import CheckpointInfo

MARKER = "complete.json"
KEPT_LATEST = 2


@dataclass(frozen=True)
class TrainingProgress:
    """The state that a resumed training needs besides weights and optimizer: step, losses, early stopping, time."""

    step: int = 0
    finished: bool = False
    """All steps are done, or early stopping ended the training."""
    train_loss: float | None = None
    first_validation_loss: float | None = None
    validation_loss: float | None = None
    best_step: int | None = None
    best_validation_loss: float | None = None
    stale_evaluations: int = 0
    seconds: float = 0.0
    """Training time of all attempts."""

    def after_evaluation(self, step: int, loss: float, threshold: float = 0.0) -> TrainingProgress:
        """The progress after an evaluation. Step 0, the base model, never becomes the best step."""
        if step == 0:
            return replace(self, first_validation_loss=loss, validation_loss=loss)
        improved = self.best_validation_loss is None or loss < self.best_validation_loss - threshold
        best = self.best_validation_loss is None or loss < self.best_validation_loss
        return replace(
            self,
            step=step,
            validation_loss=loss,
            best_step=step if best else self.best_step,
            best_validation_loss=loss if best else self.best_validation_loss,
            stale_evaluations=0 if improved else self.stale_evaluations + 1,
        )


def mark_complete(folder: Path, progress: TrainingProgress) -> None:
    """Marks a checkpoint folder as complete. Its files must not change afterwards."""
    sizes = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file() and file.name != MARKER}
    unfinished = folder / f"{MARKER}.partial"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump({"progress": asdict(progress), "files": sizes}, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / MARKER)


def read_progress(folder: Path) -> TrainingProgress | None:
    """The progress saved in a checkpoint; `None` when the checkpoint is incomplete."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        intact = all((folder / name).stat().st_size == size for name, size in content["files"].items())
        return TrainingProgress(**content["progress"]) if intact else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def complete_checkpoints(root: Path) -> list[tuple[Path, TrainingProgress]]:
    """All complete checkpoints under `root`, by step in ascending order."""
    found = [(folder, progress) for folder in root.glob("checkpoint-*") if (progress := read_progress(folder))]
    return sorted(found, key=lambda pair: pair[1].step)


def latest_checkpoint(root: Path) -> tuple[Path, TrainingProgress] | None:
    """The complete checkpoint with the highest step, from which an interrupted training resumes."""
    found = complete_checkpoints(root)
    return found[-1] if found else None


def remove_incomplete(root: Path) -> None:
    """Deletes incomplete checkpoints, so that the trainer can save the same step again."""
    for folder in root.glob("checkpoint-*"):
        if read_progress(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)


def prune(root: Path, best_step: int | None) -> None:
    """Deletes complete checkpoints except the best and the latest `KEPT_LATEST`."""
    found = complete_checkpoints(root)
    for folder, progress in found[:-KEPT_LATEST]:
        if progress.step != best_step:
            # The marker goes first: a partly deleted folder must count as incomplete.
            (folder / MARKER).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def list_checkpoints(root: Path, best_step: int | None) -> list[CheckpointInfo]:
    """The complete checkpoints with path, validation loss and size in bytes, for the result of the job."""
    return [
        CheckpointInfo(
            step=progress.step,
            path=str(folder),
            validation_loss=progress.validation_loss,
            size_bytes=sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
            best=progress.step == best_step,
        )
        for folder, progress in complete_checkpoints(root)
    ]
