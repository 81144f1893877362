"""A callback for the trainers of transformers and TRL:

trainer = SFTTrainer(..., callbacks=[PegboxCallback(experiment="support", name="first try")])
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pegbox.integrations.safe_hook import safe_hook
from pegbox.schemas.runs.metric_names import canonical_name
from pegbox.sdk.recording.current import init
from pegbox.sdk.recording.run import Run
from pegbox.sdk.recording.values import as_config

try:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(f"PegboxCallback needs transformers: pip install transformers ({missing})") from missing

RUN_FILE = "pegbox_run.json"
"""The file in each checkpoint that holds the id of the run."""

BEFORE_FIRST_STEP = -1
FINISH_SECONDS = 10.0
"""Timeout for sending the last points at the end of a training; the rest stays on disk."""

END_OF_TRAINING = "train_runtime"
"""A key of the trainer's last log entry only, whose values, such as the mean `train_loss`, are of the whole training."""


class PegboxCallback(TrainerCallback):  # type: ignore[misc]
    """Records a training as a run: what the trainer logs, its arguments, its progress and its end.

    A training resumed from a checkpoint resumes the checkpoint's run. `experiment` and `name` default to the name of the output
    folder and to the trainer's `run_name`. `id` is the id of the run of every training; `run` is a run that the caller started
    and finishes. `url`, `token` and `home` are those of `pegbox.init`.

    Only the main process records. Errors do not stop the training, and no call waits for the monitor.
    """

    def __init__(
        self,
        *,
        experiment: str | None = None,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        id: str | None = None,
        run: Run | None = None,
        url: str | None = None,
        token: str | None = None,
        home: str | None = None,
        system_metrics: bool | float = False,
    ) -> None:
        self._experiment = experiment
        self._name = name
        self._config = dict(config or {})
        self._tags = list(tags)
        self._fixed_id = id
        self._external_run = run
        self._address: dict[str, Any] = {"url": url, "token": token, "home": home}
        self._system_metrics = system_metrics
        self._run: Run | None = None
        self._id: str | None = None

    @property
    def run(self) -> Run | None:
        """The run of the current training, e.g. to log further values."""
        return self._run

    @safe_hook
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if not state.is_world_process_zero:
            return
        if self._run is not None and self._external_run is None:  # the previous training did not end
            self._run.finish("failed", FINISH_SECONDS)
        earlier = _run_of_checkpoint(args, state) if state.global_step else None
        self._id = self._fixed_id or earlier
        run = self._run = self._start_run(args, state)
        if self._id is not None:
            run.rewind(state.global_step if state.global_step else BEFORE_FIRST_STEP)
        if state.global_step:
            run.log_event("resumed", f"Going on from step {state.global_step}", step=state.global_step)
        self._id = run.id
        run.update(total_steps=state.max_steps)

    @safe_hook
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not logs or not state.is_world_process_zero:
            return
        numbers = {name: value for name, value in logs.items() if isinstance(value, int | float)}
        if self._run is not None:
            _log(self._run, numbers, state.global_step)
            return
        run = self._start_run(args, state)  # an evaluation outside a training
        self._id = run.id
        _log(run, numbers, state.global_step)
        if self._external_run is None:
            run.finish("finished", FINISH_SECONDS)

    @safe_hook
    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._run is None or not state.is_world_process_zero:
            return
        folder = _checkpoint_folder(args, state)
        if folder.is_dir():
            (folder / RUN_FILE).write_text(json.dumps({"run": self._run.id}))
        self._run.log_event("checkpoint", f"Checkpoint of step {state.global_step}", step=state.global_step)
        self._run.settle()

    @safe_hook
    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        run, self._run = self._run, None
        if run is not None and self._external_run is None:
            run.finish("finished", FINISH_SECONDS)

    def _start_run(self, args: TrainingArguments, state: TrainerState) -> Run:
        config = {**as_config(args.to_sanitized_dict()), **as_config(self._config)}
        if self._external_run is not None:
            self._external_run.update(config=config)
            return self._external_run
        return init(
            id=self._id,
            experiment=self._experiment or Path(args.output_dir or "").resolve().name or "default",
            name=self._name or getattr(args, "run_name", None) or None,
            config=config,
            tags=self._tags,
            require_monitor=False,
            system_metrics=self._system_metrics,
            **self._address,
        )


def _log(run: Run, numbers: Mapping[str, float], step: int) -> None:
    if END_OF_TRAINING in numbers:
        run.update(summary={"mean_train_loss" if name == "train_loss" else name: numbers[name] for name in numbers})
    elif numbers:
        run.log({canonical_name(name, numbers): value for name, value in numbers.items()}, step=step)


def _checkpoint_folder(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(args.output_dir or "") / f"checkpoint-{state.global_step}"


def _run_of_checkpoint(args: TrainingArguments, state: TrainerState) -> str | None:
    """The id of the run that wrote the checkpoint from which the training resumes, if known."""
    given = args.resume_from_checkpoint
    folders = [Path(given)] if isinstance(given, str) else []
    for folder in (*folders, _checkpoint_folder(args, state)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((folder / RUN_FILE).read_text())["run"])
    return None
