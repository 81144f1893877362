"""A checkpoint is complete or absent; the best and the last two are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbox.trainer.checkpoints import (
    MARKER,
    TrainingProgress,
    complete_checkpoints,
    latest_checkpoint,
    list_checkpoints,
    mark_complete,
    prune,
    read_progress,
    remove_incomplete,
)


def save(root: Path, step: int, *, marked: bool = True) -> Path:
    folder = root / f"checkpoint-{step}"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights" * step)
    (folder / "optimizer.pt").write_bytes(b"moments")
    if marked:
        mark_complete(folder, TrainingProgress(step=step, validation_loss=1 / step))
    return folder


def test_latest_is_by_step_not_by_name(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        save(tmp_path, step)

    found = latest_checkpoint(tmp_path)

    assert found is not None
    assert found[0].name == "checkpoint-100"
    assert found[1] == TrainingProgress(step=100, validation_loss=0.01)


@pytest.mark.parametrize("damage", ["no marker", "cut file", "missing file", "cut marker", "strange marker"])
def test_torn_checkpoint_does_not_count_and_is_cleared_away(tmp_path: Path, damage: str) -> None:
    whole = save(tmp_path, 5)
    incomplete = save(tmp_path, 10, marked=damage != "no marker")
    if damage == "cut file":
        (incomplete / "model.safetensors").write_bytes(b"weig")
    elif damage == "missing file":
        (incomplete / "optimizer.pt").unlink()
    elif damage == "cut marker":
        (incomplete / MARKER).write_text('{"progress": {"st')
    elif damage == "strange marker":
        (incomplete / MARKER).write_text('{"files": {}, "progress": {"colour": "red"}}')

    assert read_progress(incomplete) is None
    assert latest_checkpoint(tmp_path) == (whole, TrainingProgress(step=5, validation_loss=0.2))
    remove_incomplete(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["checkpoint-5"]


@pytest.mark.parametrize(("best", "kept"), [(2, [2, 4, 5]), (5, [4, 5]), (4, [4, 5]), (None, [4, 5]), (77, [4, 5])])
def test_prune_keeps_the_best_and_the_last_two(tmp_path: Path, best: int | None, kept: list[int]) -> None:
    for step in range(1, 6):
        save(tmp_path, step)

    prune(tmp_path, best)

    assert [progress.step for _, progress in complete_checkpoints(tmp_path)] == kept
    assert len(list(tmp_path.iterdir())) == len(kept)
    shown = list_checkpoints(tmp_path, best)
    assert [info.step for info in shown if info.best] == [step for step in kept if step == best]
    assert all(info.size_bytes > 0 for info in shown)


def test_progress_follows_the_best_evaluation_and_counts_stale_ones() -> None:
    progress = TrainingProgress().after_evaluation(0, 7.0)
    assert (progress.first_validation_loss, progress.best_step) == (7.0, None)

    for step, loss in ((10, 3.0), (20, 2.0), (30, 1.95), (40, 2.5)):
        progress = progress.after_evaluation(step, loss, threshold=0.1)

    assert (progress.best_step, progress.best_validation_loss) == (30, 1.95)
    assert progress.stale_evaluations == 2
    assert progress.first_validation_loss == 7.0
    assert progress.validation_loss == 2.5
