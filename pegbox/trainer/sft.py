"""Supervised fine-tuning of a job. `train` contains all phases in order."""

from __future__ import annotations

import warnings
from typing import Any

import datasets
import torch
import transformers
from transformers import PrinterCallback
from trl import SFTTrainer

from pegbox.data.rows import Split, read_rows, split_rows
from pegbox.errors import UnusableContentError
from pegbox.inference.device import require_method, require_optimizer, resolve_precision
from pegbox.inference.encoding import Encoded, encode_rows
from pegbox.inference.generate import answer_rows, preserve_random_state
from pegbox.inference.weights import find_weights, load
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.schemas.jobs.queue import JobResult, Phase, TrainingSpec
from pegbox.trainer.adapters import attach_adapter
from pegbox.trainer.arguments import training_arguments
from pegbox.trainer.checkpoint_callback import CheckpointCallback
from pegbox.trainer.checkpoints import TrainingProgress, latest_checkpoint, remove_incomplete
from pegbox.trainer.metrics_callback import MetricsCallback, ProgressSink
from pegbox.trainer.recorder import Recorder
from pegbox.trainer.result import build_result, load_best_weights, load_finished_weights, save_model
from pegbox.trainer.stop import StopRequest
from pegbox.worker.job_folder import JobFolder, write_atomically

VALIDATION_PROMPTS = 5
MAX_EXACT_MATCH_ROWS = 200
BEFORE_BASE_EVALUATION = -1
"""Rewinding to this step deletes the base model's evaluation too, which is step 0."""


class Stopped(Exception):
    """The training stopped on request; its state is saved."""


class RandomStatePreservingTrainer(SFTTrainer):  # type: ignore[misc]
    """SFTTrainer whose evaluations do not change the random state, so that they do not influence the training."""

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluates and restores the state of all random number generators."""
        with preserve_random_state():
            metrics: dict[str, float] = super().evaluate(*args, **kwargs)
        return metrics

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """Writes no card: `save_model` writes the card of the finished model, and checkpoints need none."""


def train(spec: TrainingSpec, folder: JobFolder, run: Recorder, stop: StopRequest, progress: ProgressSink) -> JobResult:
    """Trains a job, resuming from its latest complete checkpoint, and writes the finished model and `folder.result`.

    Raises `Stopped` after saving when a stop was requested, and errors of `pegbox.errors` when the job cannot be trained; their
    messages are for users.
    """
    values = spec.hyperparameters
    silence_libraries()
    remove_incomplete(folder.checkpoints)
    checkpoint, progress_so_far = latest_checkpoint(folder.checkpoints) or (None, TrainingProgress())
    if checkpoint:
        run.rewind(progress_so_far.step)
        run.log_event(
            "resumed", f"Going on from the checkpoint of step {progress_so_far.step}", step=progress_so_far.step
        )
    elif spec.attempt > 1:
        run.rewind(BEFORE_BASE_EVALUATION)

    report_phase(run, progress, "prepare", "Reading the dataset", step=progress_so_far.step)
    require_method(values.method or "full")
    require_optimizer(values.optimizer)
    precision = resolve_precision(values.precision)
    source = spec.dataset
    rows = read_rows(folder.dataset, source.column_mapping, encoding=source.encoding, delimiter=source.delimiter)
    split = split_rows(rows, values.validation_split, values.seed)
    validates = bool(split.validation)

    report_phase(run, progress, "load", f"Loading {spec.model.name}", step=progress_so_far.step)
    weights = find_weights(spec.model, split.training, folder.work, values.seed)
    base = load(weights, method=values.method or "full", precision=precision, name=spec.model.name)
    model = attach_adapter(base.model, weights, values) if values.method != "full" else base.model
    training, validation = encode(base.tokenizer, split, values, model, run)

    prompts = (split.validation or split.training)[:VALIDATION_PROMPTS]
    metrics_callback = MetricsCallback(run, base.tokenizer, prompts, folder.base_answers, progress)
    checkpointing = CheckpointCallback(values, folder.checkpoints, run, stop, progress_so_far, validates=validates)
    arguments = training_arguments(
        values,
        folder.checkpoints,
        precision,
        len(training.input_ids),
        model.num_parameters(),
        evaluate_first=validates and checkpoint is None,
    )
    trainer = RandomStatePreservingTrainer(
        model=model,
        args=arguments,
        train_dataset=training.as_dataset(),
        eval_dataset=validation.as_dataset() if validates else None,
        processing_class=base.tokenizer,
        callbacks=[checkpointing, metrics_callback],
    )
    if precision == "fp16":
        cast_trainable_to_fp32(trainer.model)
    trainer.remove_callback(PrinterCallback)
    raise_if_stopped(stop)

    report_phase(run, progress, "train", f"Training on {len(split.training)} rows", step=progress_so_far.step)
    if not validates and checkpoint is None:
        metrics_callback.sample(trainer.model, 0)
    try:
        if checkpoint and progress_so_far.finished:
            load_finished_weights(trainer, progress_so_far, checkpoint)
        else:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except torch.OutOfMemoryError as error:
        raise UnusableContentError(
            f"The GPU ran out of memory: lower batch_size (now {values.batch_size}) or max_length (now {values.max_length}), "
            "or train an adapter."
        ) from error
    raise_if_stopped(stop)

    step = trainer.state.global_step
    report_phase(run, progress, "evaluate", "Answering the held-out questions", step=step)
    load_best_weights(trainer, checkpointing.progress, folder.checkpoints)
    answers = answer_rows(trainer.model, base.tokenizer, split.validation[:MAX_EXACT_MATCH_ROWS] or prompts)
    raise_if_stopped(stop)

    report_phase(run, progress, "save", "Writing the model", step=step)
    result = build_result(trainer, checkpointing, metrics_callback, folder, answers, held_out=validates)
    if spec.model_saving.save_model:
        result = save_model(spec, folder, trainer.model, base, result, split, precision)
    write_atomically(folder.result, result.model_dump_json(indent=2))
    return result


def cast_trainable_to_fp32(model: Any) -> None:
    """Converts trainable weights to fp32: loss scaling needs fp32 gradients, but SFTTrainer converts adapters to bf16."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def raise_if_stopped(stop: StopRequest) -> None:
    """Raises `Stopped` when a stop was requested."""
    if stop.requested:
        raise Stopped


def report_phase(run: Recorder, progress: ProgressSink, phase: Phase, title: str, *, step: int) -> None:
    """Reports a new phase to the run, the worker and the job's log."""
    run.log_event("phase", phase, title, step=step)
    progress(phase, step, None)
    print(title, flush=True)  # noqa: T201 - job log


def encode(tokenizer: Any, split: Split, values: Hyperparameters, model: Any, run: Recorder) -> tuple[Encoded, Encoded]:
    """Tokenizes both parts of the dataset, truncated to `max_length` or to the limit of the model if lower.

    Records a warning in the run when rows were truncated or dropped. Raises `UnusableContentError` when no training row is left.
    """
    positions = getattr(model.config, "max_position_embeddings", None) or values.max_length
    length = min(values.max_length, positions)
    training, validation = (encode_rows(tokenizer, rows, length) for rows in (split.training, split.validation))
    if not training.input_ids:
        raise UnusableContentError(f"No row is left to train on: every question alone is longer than {length} tokens.")
    cut, dropped = training.truncated + validation.truncated, training.dropped + validation.dropped
    if cut or dropped:
        detail = f"{cut} answers were cut and {dropped} rows left out because they are longer than {length} tokens."
        run.log_event("warning", "Long rows", detail)
    return training, validation


def silence_libraries() -> None:
    """Turns off progress bars and hints of libraries, which would fill the job's log."""
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)
