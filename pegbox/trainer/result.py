"""Completes a training: restores the best weights, builds the result, saves the model."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pegbox.data.rows import Split
from pegbox.inference.device import ResolvedPrecision
from pegbox.inference.generate import count_exact
from pegbox.inference.weights import LoadedModel
from pegbox.schemas.jobs.queue import Answer, Answers, BaseModelSpec, JobResult, TrainingSpec
from pegbox.trainer.adapters import merge
from pegbox.trainer.checkpoint_callback import CheckpointCallback
from pegbox.trainer.checkpoints import TrainingProgress, list_checkpoints
from pegbox.trainer.metrics_callback import MetricsCallback
from pegbox.trainer.model_card import model_card
from pegbox.worker.job_folder import JobFolder


def load_best_weights(trainer: Any, progress: TrainingProgress, checkpoints: Path) -> None:
    """Loads the checkpoint with the lowest validation loss, unless this is the final step or the checkpoint is missing."""
    best = progress.best_step
    if best is not None and best != trainer.state.global_step and (checkpoints / f"checkpoint-{best}").is_dir():
        trainer._load_from_checkpoint(str(checkpoints / f"checkpoint-{best}"), trainer.model)


def load_finished_weights(trainer: Any, progress: TrainingProgress, checkpoint: Path) -> None:
    """Loads the checkpoint of an earlier attempt that completed all steps but wrote no result."""
    trainer._load_from_checkpoint(str(checkpoint), trainer.model)
    trainer.state.global_step = progress.step


def build_result(
    trainer: Any,
    checkpointing: CheckpointCallback,
    metrics_callback: MetricsCallback,
    folder: JobFolder,
    after: Sequence[Answer],
    *,
    held_out: bool,
) -> JobResult:
    """The result with all measurements. `after` are the finished model's answers, those to the fixed prompts first."""
    progress = checkpointing.progress
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in trainer.model.parameters()]
    return JobResult(
        steps=trainer.state.global_step,
        best_step=progress.best_step,
        checkpoints=list_checkpoints(folder.checkpoints, progress.best_step),
        metrics={
            "first_validation_loss": progress.first_validation_loss,
            "best_validation_loss": progress.best_validation_loss,
            "validation_loss": progress.validation_loss,
            "train_loss": progress.train_loss,
        },
        answers=Answers(before=metrics_callback.base_answers, after=list(after[: len(metrics_callback.base_answers)])),
        exact_match=count_exact(after) if held_out else None,
        parameters=sum(size for size, _ in sizes),
        trainable_parameters=sum(size for size, trained in sizes if trained),
        runtime_seconds=checkpointing.seconds,
        stopped_early=checkpointing.stopped_early,
    )


def save_model(
    spec: TrainingSpec,
    folder: JobFolder,
    model: Any,
    base: LoadedModel,
    result: JobResult,
    split: Split,
    precision: ResolvedPrecision,
) -> JobResult:
    """Writes weights, tokenizer and model card, and renames the folder into place once all files are complete."""
    method = spec.hyperparameters.method or "full"
    unfinished = folder.model.with_name(f".{folder.model.name}.partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    if method != "full":
        _set_base_location(model, spec.model, base.folder, unfinished, folder.model)
    model.save_pretrained(unfinished)
    base.tokenizer.save_pretrained(unfinished)
    if method != "full" and spec.hyperparameters.merge_adapter:
        merge(base.folder, unfinished, unfinished / "merged", base.tokenizer, method=method, precision=precision)
        result = result.model_copy(update={"merged_path": str(folder.model / "merged")})
    card = model_card(
        spec, result, training_rows=len(split.training), validation_rows=len(split.validation), precision=precision
    )
    (unfinished / "README.md").write_text(card, encoding="utf-8")
    size = sum(file.stat().st_size for file in unfinished.rglob("*") if file.is_file())
    shutil.rmtree(folder.model, ignore_errors=True)
    unfinished.rename(folder.model)
    return result.model_copy(update={"model_path": str(folder.model), "size_bytes": size})


def _set_base_location(model: Any, source: BaseModelSpec, weights: Path, unfinished: Path, final: Path) -> None:
    """Sets the base model in the adapter's config. Copies a starter into the folder: no other copy outlives the job."""
    location = source.location
    if source.source == "starter":
        shutil.copytree(weights, unfinished / "base")
        location = str(final / "base")
    model.peft_config["default"].base_model_name_or_path = location
