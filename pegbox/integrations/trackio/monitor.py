"""Creates an experiment for a training and logs to it."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from typing import Any

from pegbox.integrations.trackio.client import TrackioAPIClient

log = logging.getLogger(__name__)

EXPERIMENT_ID = re.compile(r"exp_\d{8}_\d{6}")


class ExperimentMonitor:
    """`space_id` is a Space id or an address, by default the environment's `TRACKIO_SPACE_ID`.

    When tracking is not possible, `experiment_id` is `None` and the reason is logged; the training continues.
    """

    def __init__(
        self,
        experiment_name: str,
        enable_tracking: bool = True,
        *,
        space_id: str | None = None,
        hf_token: str | None = None,
        description: str = "",
    ) -> None:
        self.experiment_name = experiment_name
        self.experiment_id: str | None = None
        self._client: TrackioAPIClient | None = None
        space = space_id or os.environ.get("TRACKIO_SPACE_ID")
        if not enable_tracking:
            return
        if not space:
            log.warning("no tracking: give a Space id or an address as space_id or TRACKIO_SPACE_ID")
            return
        self._client = TrackioAPIClient(space, hf_token)
        answer = self._client.create_experiment(experiment_name, description)
        found = EXPERIMENT_ID.search(str(answer.get("data", "")))
        if found is None:
            log.warning("no tracking: %s", answer.get("error", "the Space answered no experiment id"))
        else:
            self.experiment_id = found[0]

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> bool:
        """Logs the values of a step. False on failure."""
        return self._client is not None and self.experiment_id is not None and (
            "success" in self._client.log_metrics(self.experiment_id, metrics, step)
        )  # fmt: skip

    def log_config(self, config: Mapping[str, Any]) -> bool:
        """Logs parameters. False on failure."""
        return self._client is not None and self.experiment_id is not None and (
            "success" in self._client.log_parameters(self.experiment_id, config)
        )  # fmt: skip

    def close(self, status: str = "completed") -> None:
        """Sets the final status and closes connections."""
        if self._client is not None and self.experiment_id is not None:
            self._client.update_experiment_status(self.experiment_id, status)
        if self._client is not None:
            self._client.close()
