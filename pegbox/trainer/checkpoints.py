"""Checkpoints that are either complete or absent, and the story of the training so far that each one carries.

A checkpoint folder counts only once `complete.json` lies in it, written last and naming every file with its size. So a kill in
the middle of saving leaves a folder that no later attempt mistakes for a checkpoint. Light: no torch here.
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
class Progress:
    """What a resumed training must know beyond weights and optimizer: how validation went so far."""

    step: int = 0
    finished: bool = False
    """All steps are done, or early stopping found them enough."""
    train_loss: float | None = None
    first_validation_loss: float | None = None
    validation_loss: float | None = None
    best_step: int | None = None
    best_validation_loss: float | None = None
    stale_evaluations: int = 0
    seconds: float = 0.0
    """Time spent training so far, over all attempts."""

    def evaluated(self, step: int, loss: float, threshold: float = 0.0) -> Progress:
        """After an evaluation. The best step is one of the training's own (not step 0, which is the base model)."""
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


def mark_complete(folder: Path, progress: Progress) -> None:
    """Declares a checkpoint folder finished; nothing may be written into it afterwards."""
    sizes = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file() and file.name != MARKER}
    unfinished = folder / f"{MARKER}.partial"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump({"progress": asdict(progress), "files": sizes}, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / MARKER)


def read_progress(folder: Path) -> Progress | None:
    """The progress of a complete checkpoint; `None` when the folder is torn or no checkpoint at all."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        intact = all((folder / name).stat().st_size == size for name, size in content["files"].items())
        return Progress(**content["progress"]) if intact else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def complete_checkpoints(root: Path) -> list[tuple[Path, Progress]]:
    """All complete checkpoints under `root`, oldest step first."""
    found = [(folder, progress) for folder in root.glob("checkpoint-*") if (progress := read_progress(folder))]
    return sorted(found, key=lambda pair: pair[1].step)


def latest_checkpoint(root: Path) -> tuple[Path, Progress] | None:
    """Where an interrupted training goes on, if it got that far."""
    found = complete_checkpoints(root)
    return found[-1] if found else None


def remove_torn(root: Path) -> None:
    """Clears away what a kill left behind, so that the trainer may save the same step again."""
    for folder in root.glob("checkpoint-*"):
        if read_progress(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)


def prune(root: Path, best_step: int | None) -> None:
    """Keeps the best and the last two checkpoints."""
    found = complete_checkpoints(root)
    for folder, progress in found[:-KEPT_LATEST]:
        if progress.step != best_step:
            # Without its marker a half-deleted folder is torn, never a checkpoint with files missing.
            (folder / MARKER).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)


def describe(root: Path, best_step: int | None) -> list[CheckpointInfo]:
    """The kept checkpoints for the job's result."""
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
