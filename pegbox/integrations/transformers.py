"""Trainers of transformers and TRL report to Pegbox:

trainer = SFTTrainer(..., callbacks=[PegboxCallback(experiment="support", name="first try")])
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pegbox.integrations.safe_hook import quietly
from pegbox.schemas.runs.metric_names import our_name
from pegbox.sdk.recording.current import init
from pegbox.sdk.recording.run import Run
from pegbox.sdk.recording.values import as_config

try:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(f"PegboxCallback needs transformers: pip install transformers ({missing})") from missing

NOTE = "pegbox_run.json"
"""In each checkpoint: the run that goes on when a training goes on from there."""

NOTHING_DONE = -1
FINISH_SECONDS = 10.0
"""How long the end of a training waits for the last points; what is not delivered then waits on disk."""

END_OF_TRAINING = "train_runtime"
"""Only the trainer's last log entry has it: figures of the whole training, of which `train_loss` is the mean."""


class PegboxCallback(TrainerCallback):  # type: ignore[misc]
    """Records a training as a run: everything the trainer logs, its arguments, its progress and its end.

    A training that goes on from a checkpoint goes on with that checkpoint's run, where it stood. `experiment` and `name`
    default to the last part of the output folder and to the trainer's `run_name`. With `id` every training is that run, with
    `run` it is one that you began and will finish. `url`, `token` and `home` are those of `pegbox.init`.

    Only the main process reports. Nothing that fails here fails the training, and nothing waits for the monitor.
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
        self._wanted_id = id
        self._given = run
        self._address: dict[str, Any] = {"url": url, "token": token, "home": home}
        self._system_metrics = system_metrics
        self._run: Run | None = None
        self._id: str | None = None

    @property
    def run(self) -> Run | None:
        """The run of the training that is going on, to log more to it."""
        return self._run

    @quietly
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if not state.is_world_process_zero:
            return
        if self._run is not None and self._given is None:  # the training before ended without an end
            self._run.finish("failed", FINISH_SECONDS)
        earlier = _noted(args, state) if state.global_step else None
        self._id = self._wanted_id or earlier
        run = self._run = self._open(args, state)
        if self._id is not None:
            run.rewind(state.global_step if state.global_step else NOTHING_DONE)
        if state.global_step:
            run.log_event("resumed", f"Going on from step {state.global_step}", step=state.global_step)
        self._id = run.id
        run.update(total_steps=state.max_steps)

    @quietly
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
            _record(self._run, numbers, state.global_step)
            return
        run = self._open(args, state)  # an evaluation before or after the training
        self._id = run.id
        _record(run, numbers, state.global_step)
        if self._given is None:
            run.finish("finished", FINISH_SECONDS)

    @quietly
    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._run is None or not state.is_world_process_zero:
            return
        folder = _checkpoint(args, state)
        if folder.is_dir():
            (folder / NOTE).write_text(json.dumps({"run": self._run.id}))
        self._run.log_event("checkpoint", f"Checkpoint of step {state.global_step}", step=state.global_step)
        self._run.settle()

    @quietly
    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        run, self._run = self._run, None
        if run is not None and self._given is None:
            run.finish("finished", FINISH_SECONDS)

    def _open(self, args: TrainingArguments, state: TrainerState) -> Run:
        config = {**as_config(args.to_sanitized_dict()), **as_config(self._config)}
        if self._given is not None:
            self._given.update(config=config)
            return self._given
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


def _record(run: Run, numbers: Mapping[str, float], step: int) -> None:
    if END_OF_TRAINING in numbers:
        run.update(summary={"mean_train_loss" if name == "train_loss" else name: numbers[name] for name in numbers})
    elif numbers:
        run.log({our_name(name, numbers): value for name, value in numbers.items()}, step=step)


def _checkpoint(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(args.output_dir or "") / f"checkpoint-{state.global_step}"


def _noted(args: TrainingArguments, state: TrainerState) -> str | None:
    """The run whose training wrote the checkpoint that this one goes on from."""
    given = args.resume_from_checkpoint
    folders = [Path(given)] if isinstance(given, str) else []
    for folder in (*folders, _checkpoint(args, state)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((folder / NOTE).read_text())["run"])
    return None
