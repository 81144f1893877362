"""A logger for Lightning: `Trainer(logger=PegboxLogger(experiment="support"))`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pegbox.integrations.safe_hook import Hook, safe_hook
from pegbox.schemas.runs.metric_names import canonical_name
from pegbox.sdk.recording.current import init
from pegbox.sdk.recording.run import Run
from pegbox.sdk.recording.values import as_config

try:
    from lightning.pytorch.loggers.logger import Logger
    from lightning.pytorch.utilities import rank_zero_only
except ModuleNotFoundError:
    try:
        from pytorch_lightning.loggers.logger import Logger
        from pytorch_lightning.utilities import rank_zero_only
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(f"PegboxLogger needs Lightning: pip install lightning ({missing})") from missing

_on_main_process: Callable[[Hook], Hook] = rank_zero_only

FINISH_SECONDS = 10.0
"""Timeout for sending the last points at the end of a training; the rest stays on disk."""


class PegboxLogger(Logger):  # type: ignore[misc]
    """Records what `self.log` logs as a run, with the module's hyperparameters as its config.

    `id` resumes a run, for a training resumed from a checkpoint: values logged again for a step replace the earlier ones. `url`,
    `token` and `home` are those of `pegbox.init`. Only the main process records. Errors do not stop the training, and no call
    waits for the monitor.
    """

    def __init__(
        self,
        *,
        experiment: str = "lightning",
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        id: str | None = None,
        url: str | None = None,
        token: str | None = None,
        home: str | None = None,
        system_metrics: bool | float = False,
    ) -> None:
        super().__init__()
        self._init_arguments: dict[str, Any] = {
            "experiment": experiment,
            "name": name,
            "config": as_config(config or {}),
            "tags": list(tags),
            "url": url,
            "token": token,
            "home": home,
            "system_metrics": system_metrics,
        }
        self._id = id
        self._run: Run | None = None

    @property
    def name(self) -> str:
        """The name of the experiment; Lightning names folders after it."""
        return str(self._init_arguments["experiment"])

    @property
    def version(self) -> str | None:
        """The run's id; `None` before the run starts."""
        return self._id

    @property
    def experiment(self) -> Run:
        """The run, e.g. to log further values. Resumes a finished run. Use on the main process only."""
        if self._run is None:
            self._run = init(id=self._id, require_monitor=False, **self._init_arguments)
            self._id = self._run.id
        return self._run

    @_on_main_process
    @safe_hook
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if metrics:
            self.experiment.log({canonical_name(name, metrics): value for name, value in metrics.items()}, step=step)

    @_on_main_process
    @safe_hook
    def log_hyperparams(self, params: Mapping[str, Any] | argparse.Namespace, *args: Any, **kwargs: Any) -> None:
        values = vars(params) if isinstance(params, argparse.Namespace) else params
        if values:
            self.experiment.update(config=as_config(values))

    @_on_main_process
    @safe_hook
    def save(self) -> None:
        """Called at the end of each stage. Waits until all entries are on disk."""
        if self._run is not None:
            self._run.settle()

    @_on_main_process
    @safe_hook
    def finalize(self, status: str) -> None:
        """Finishes the run. Lightning passes `success` or `failed`. Testing afterwards resumes the same run."""
        run, self._run = self._run, None
        if run is not None:
            run.finish("finished" if status in ("success", "finished") else "failed", FINISH_SECONDS)
