"""Lightning's trainers report to Pegbox: `Trainer(logger=PegboxLogger(experiment="support"))`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pegbox.integrations.safe_hook import Hook, quietly
from pegbox.schemas.runs.metric_names import our_name
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
"""How long the end of a training waits for the last points; what is not delivered then waits on disk."""


class PegboxLogger(Logger):  # type: ignore[misc]
    """Records what `self.log` logs as a run, with the module's hyperparameters as its config.

    `id` goes on with a known run, for a training that goes on from a checkpoint: what is logged again for a step replaces what
    was there. `url`, `token` and `home` are those of `pegbox.init`. Only the main process reports; nothing that fails here
    fails the training, and nothing waits for the monitor.
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
        self._begin: dict[str, Any] = {
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
        """The experiment; Lightning names folders after it."""
        return str(self._begin["experiment"])

    @property
    def version(self) -> str | None:
        """The run's id, once there is one."""
        return self._id

    @property
    def experiment(self) -> Run:
        """The run itself, to log more to it. A finished one goes on. On the main process only."""
        if self._run is None:
            self._run = init(id=self._id, require_monitor=False, **self._begin)
            self._id = self._run.id
        return self._run

    @_on_main_process
    @quietly
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if metrics:
            self.experiment.log({our_name(name, metrics): value for name, value in metrics.items()}, step=step)

    @_on_main_process
    @quietly
    def log_hyperparams(self, params: Mapping[str, Any] | argparse.Namespace, *args: Any, **kwargs: Any) -> None:
        values = vars(params) if isinstance(params, argparse.Namespace) else params
        if values:
            self.experiment.update(config=as_config(values))

    @_on_main_process
    @quietly
    def save(self) -> None:
        """Lightning asks for it at the end of each stage: all that was logged is on disk then."""
        if self._run is not None:
            self._run.settle()

    @_on_main_process
    @quietly
    def finalize(self, status: str) -> None:
        """Lightning says `success` or `failed`; testing after training goes on with the same run."""
        run, self._run = self._run, None
        if run is not None:
            run.finish("finished" if status in ("success", "finished") else "failed", FINISH_SECONDS)
