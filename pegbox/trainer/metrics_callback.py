"""Trainer callback that records metrics of steps, losses and answers of evaluations, and events in the run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pegbox.data.rows import Row
from pegbox.errors import UnusableContentError
from pegbox.inference.device import memory_bytes
from pegbox.inference.generate import answer_rows
from pegbox.schemas.jobs.queue import Answer, Phase
from pegbox.trainer.recorder import Recorder
from pegbox.worker.job_folder import write_atomically

MAX_NONFINITE_STEPS = 3
"""Consecutive steps with a NaN or infinite loss after which a training fails. A single overflow can be recovered from."""

STEP_METRICS = ("grad_norm", "learning_rate", "epoch")

ProgressSink = Callable[[Phase, int, int | None], None]
"""Called with phase, step and total steps (`None` while unknown)."""

_ANSWERS = TypeAdapter(list[Answer])


class MetricsCallback(TrainerCallback):  # type: ignore[misc]
    """Records metrics and answers. Adds no device synchronization to the one that the trainer needs for its own log."""

    def __init__(
        self, run: Recorder, tokenizer: Any, prompts: Sequence[Row], base_answers_file: Path, progress: ProgressSink
    ) -> None:
        self.base_answers = _load_base_answers(base_answers_file)
        self._run = run
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._base_answers_file = base_answers_file
        self._progress = progress
        self._step_began = time.perf_counter()
        self._tokens = 0.0
        self._nonfinite_steps = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._run.update(total_steps=state.max_steps)
        self._progress("train", state.global_step, state.max_steps)
        self._step_began = time.perf_counter()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        # The trainer keeps all log entries and writes them into each checkpoint, although the run already has them.
        state.log_history.clear()
        if not logs or "loss" not in logs:
            return
        now = time.perf_counter()
        seconds = now - self._step_began
        tokens = logs.get("num_tokens", self._tokens) - self._tokens
        self._tokens += tokens
        metrics = {"train_loss": logs["loss"]}
        metrics.update((name, logs[name]) for name in STEP_METRICS if name in logs)
        metrics["tokens_per_second"] = tokens / seconds
        metrics["step_seconds"] = seconds
        metrics["memory_bytes"] = float(memory_bytes())
        self._run.log(metrics, step=state.global_step)
        self._progress("train", state.global_step, state.max_steps)
        self._step_began = now  # the time spent on reporting counts towards the next step
        self._check_divergence(logs["loss"], state.global_step)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        model: Any = None,
        **_: Any,
    ) -> None:
        loss = (metrics or {})["eval_loss"]
        self._run.log({"validation_loss": loss, "epoch": state.epoch or 0.0}, step=state.global_step)
        self._run.log_event("evaluation", f"Validation loss {loss:.4g}", step=state.global_step)
        print(f"step {state.global_step}/{state.max_steps}  validation_loss {loss:.4f}", flush=True)  # noqa: T201 - job log
        self.sample(model, state.global_step)
        self._step_began = time.perf_counter()

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._step_began = time.perf_counter()

    def sample(self, model: Any, step: int) -> None:
        """Generates answers to the fixed prompts and stores them in the run; those of step 0 also in the job folder."""
        answers = answer_rows(model, self._tokenizer, self._prompts)
        if step == 0:
            self.base_answers = answers
            write_atomically(self._base_answers_file, _ANSWERS.dump_json(answers).decode())
        self._run.log_samples("validation", [answer.model_dump() for answer in answers], step=step)

    def _check_divergence(self, loss: float, step: int) -> None:
        self._nonfinite_steps = 0 if math.isfinite(loss) else self._nonfinite_steps + 1
        if self._nonfinite_steps >= MAX_NONFINITE_STEPS:
            raise UnusableContentError(
                f"The loss is no number any more since step {step - MAX_NONFINITE_STEPS + 1}: the training diverged. "
                "Lower the learning rate or raise the warm-up."
            )


def _load_base_answers(file: Path) -> list[Answer]:
    """The base model's answers stored by an earlier attempt; empty if there are none."""
    return _ANSWERS.validate_json(file.read_bytes()) if file.is_file() else []
