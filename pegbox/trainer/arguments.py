"""Converts hyperparameters to arguments of TRL."""

from __future__ import annotations

import math
from pathlib import Path

from trl import SFTConfig

from pegbox.inference.device import ResolvedPrecision, has_gpu
from pegbox.schemas.jobs.hyperparameters import Hyperparameters

EVALUATION_BATCH = 64
GRADIENT_CHECKPOINTING_MIN_PARAMETERS = 300_000_000
"""Model size from which activations are recomputed instead of stored; for smaller models the saved memory is not worth it."""

MIN_LEARNING_RATE_RATIO = 0.1
"""Final learning rate of `cosine_with_min_lr`, relative to the peak."""


def training_arguments(
    values: Hyperparameters,
    output: Path,
    precision: ResolvedPrecision,
    training_rows: int,
    parameters: int,
    *,
    evaluate_first: bool,
) -> SFTConfig:
    """The arguments of SFTTrainer. `CheckpointCallback` decides when to evaluate and save, so both are off here."""
    gpu = has_gpu()
    return SFTConfig(
        output_dir=str(output),
        per_device_train_batch_size=values.batch_size,
        per_device_eval_batch_size=max(values.batch_size, EVALUATION_BATCH) if not gpu else values.batch_size,
        gradient_accumulation_steps=values.gradient_accumulation_steps,
        num_train_epochs=values.epochs,
        max_steps=values.max_steps or -1,
        learning_rate=_learning_rate(values),
        lr_scheduler_type=values.scheduler,
        lr_scheduler_kwargs={"min_lr_rate": MIN_LEARNING_RATE_RATIO}
        if values.scheduler == "cosine_with_min_lr"
        else {},
        warmup_steps=min(values.warmup_steps, total_steps(values, training_rows) // 2),
        weight_decay=values.weight_decay,
        max_grad_norm=values.max_grad_norm,
        optim=values.optimizer,
        seed=values.seed,
        # Rows are already tokenized, masked and truncated; only packing needs the length.
        max_length=values.max_length if values.packing else None,
        packing=values.packing,
        eval_packing=False,
        use_cpu=not gpu,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        gradient_checkpointing=gpu and parameters >= GRADIENT_CHECKPOINTING_MIN_PARAMETERS,
        dataloader_pin_memory=gpu,
        pad_to_multiple_of=8,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="no",
        eval_on_start=evaluate_first,
        prediction_loss_only=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def total_steps(values: Hyperparameters, training_rows: int) -> int:
    """Optimizer steps of the whole training; an upper bound when rows are packed."""
    if values.max_steps:
        return values.max_steps
    batches = math.ceil(training_rows / values.batch_size)
    return math.ceil(max(1, math.ceil(batches / values.gradient_accumulation_steps)) * values.epochs)


def _learning_rate(values: Hyperparameters) -> float:
    if values.learning_rate is not None:
        return values.learning_rate
    return 2e-5 if values.method == "full" else 2e-4
