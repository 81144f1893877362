"""Trainer callback that decides when to evaluate, save and stop, and deletes old checkpoints."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.trainer.checkpoints import TrainingProgress, mark_complete, prune
from pegbox.trainer.recorder import Recorder
from pegbox.trainer.stop import StopRequest


class CheckpointCallback(TrainerCallback):  # type: ignore[misc]
    """Evaluates every N steps and at the end. Saves every M steps, after each best evaluation, on a stop and at the end."""

    def __init__(
        self,
        values: Hyperparameters,
        root: Path,
        run: Recorder,
        stop: StopRequest,
        progress: TrainingProgress,
        *,
        validates: bool,
    ) -> None:
        self.progress = progress
        self.stopped_early = False
        self._values = values
        self._root = root
        self._run = run
        self._stop = stop
        self._validates = validates
        self._seconds_before = progress.seconds
        self._eval_steps = 1
        self._save_steps = 1
        self._began: float | None = None
        self._train_loss = progress.train_loss

    @property
    def seconds(self) -> float:
        """Training time of all attempts in seconds."""
        return self._seconds_before + (time.monotonic() - self._began if self._began else 0.0)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._began = time.monotonic()
        self._eval_steps = self._values.evaluate_every(state.max_steps)
        self._save_steps = self._values.save_steps or self._eval_steps

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step, last = state.global_step, state.global_step >= state.max_steps
        if self._validates and (last or step % self._eval_steps == 0):
            control.should_evaluate = True
        if last or self._stop.requested or step % self._save_steps == 0:
            control.should_save = True
        if self._stop.requested:
            control.should_training_stop = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        self._train_loss = (logs or {}).get("loss", self._train_loss)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        loss, step = (metrics or {})["eval_loss"], state.global_step
        self.progress = self.progress.after_evaluation(step, loss, self._values.early_stopping_threshold)
        if step == 0:
            return
        if self.progress.best_step == step:
            control.should_save = True
            self._run.log_event("best", f"Best validation loss so far: {loss:.4g}", step=step)
        patience = self._values.early_stopping_patience
        if patience and self.progress.stale_evaluations >= patience and step < state.max_steps:
            self.stopped_early = True
            control.should_save = control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        step = state.global_step
        self.progress = replace(
            self.progress,
            step=step,
            seconds=self.seconds,
            train_loss=self._train_loss,
            finished=self.stopped_early or step >= state.max_steps,
        )
        self._run.settle()
        mark_complete(self._root / f"checkpoint-{step}", self.progress)
        prune(self._root, self.progress.best_step)
        self._run.log_event("checkpoint", f"Checkpoint at step {step}", step=step)
