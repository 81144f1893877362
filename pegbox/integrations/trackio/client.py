"""The experiment client of a Trackio Space, usable with self-hosted servers too."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx2

from pegbox.errors import PegboxError, UnreachableError
from pegbox.integrations.trackio.address import resolve, split_token
from pegbox.integrations.trackio.server import TOKEN_HEADER, TrackioServer
from pegbox.integrations.trackio.space import Space, require_gradio_client

log = logging.getLogger(__name__)

PROBE_SECONDS = 15.0
FIRST_DELAY_SECONDS = 0.5
Answer = dict[str, Any]
"""`{"success": True, "data": …}`, or `{"error": "reason"}`."""


class Transport(Protocol):
    """Calls functions of a server by name."""

    def call(self, api_name: str, *args: Any) -> Any: ...

    def close(self) -> None: ...


class TrackioAPIClient:
    """`space_id` is the id of a Space (`owner/name`) or an address (`http://127.0.0.1:8001`, also with `?write_token=`).

    `hf_token` is for private Spaces; with an address it is the token of that server. The environment's `HF_TOKEN` is sent to Spaces
    only. Methods do not raise but return `error`, so that a training continues without its tracker. The constructor raises
    `ModuleNotFoundError` (says what to install) and `ValueError` (says what `space_id` must be).
    """

    def __init__(self, space_id: str, hf_token: str | None = None, *, tries: int = 3) -> None:
        require_gradio_client()
        space, write_token = split_token(space_id)
        is_address = space.startswith(("http://", "https://"))
        self.space_id = space
        self.hf_token = hf_token or write_token or (None if is_address else os.environ.get("HF_TOKEN"))
        self.space_url = resolve(space, self.hf_token)
        self._tries = max(1, tries)
        self._transport: Transport | None = None

    def create_experiment(self, name: str, description: str = "") -> Answer:
        """Creates an experiment. The returned text contains the id, `exp_YYYYMMDD_HHMMSS`."""
        return self._call("create_experiment_interface", name, description, is_repeatable=False)

    def log_metrics(self, experiment_id: str, metrics: Mapping[str, Any], step: int | None = None) -> Answer:
        """Logs the values of a step, by default of the next step."""
        return self._call("log_metrics_interface", experiment_id, _json(metrics), "" if step is None else str(step))

    def log_parameters(self, experiment_id: str, parameters: Mapping[str, Any]) -> Answer:
        """Merges parameters into the existing ones."""
        return self._call("log_parameters_interface", experiment_id, _json(parameters))

    def get_experiment_details(self, experiment_id: str) -> Answer:
        """The experiment as text."""
        return self._call("get_experiment_details", experiment_id)

    def list_experiments(self) -> Answer:
        """The experiments as text, one per line."""
        return self._call("list_experiments_interface")

    def update_experiment_status(self, experiment_id: str, status: str) -> Answer:
        """Sets the status: running, completed, failed, paused or cancelled."""
        return self._call("update_experiment_status_interface", experiment_id, status)

    def create_metrics_plot(self, experiment_id: str, metric_name: str = "loss") -> Answer:
        """A Plotly figure: `{"type": "plotly", "plot": "<JSON>"}`."""
        return self._call("create_metrics_plot", experiment_id, metric_name)

    def create_experiment_comparison(self, experiment_ids: str | Sequence[str]) -> Answer:
        """A Plotly figure with the metrics of several experiments."""
        ids = experiment_ids if isinstance(experiment_ids, str) else ",".join(experiment_ids)
        return self._call("create_experiment_comparison", ids)

    def simulate_training_data(self, experiment_id: str) -> Answer:
        """Adds simulated curves, which Pegbox marks as such."""
        return self._call("simulate_training_data", experiment_id, is_repeatable=False)

    def create_demo_experiment(self) -> Answer:
        """Creates an experiment with simulated curves."""
        return self._call("create_demo_experiment", is_repeatable=False)

    def test_connection(self) -> Answer:
        """Checks that the Space responds and accepts the token."""
        return self.list_experiments()

    def close(self) -> None:
        """Closes connections and threads. The next call reconnects."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _call(self, api_name: str, *args: str, is_repeatable: bool = True) -> Answer:
        """Calls a function, with retries after network errors. A sent call that is not repeatable is not retried."""
        problem = ""
        for number in range(self._tries):
            if number:
                time.sleep(FIRST_DELAY_SECONDS * 2 ** (number - 1))
            is_sent = False
            try:
                if self._transport is None:
                    self._transport = connect(self.space_url, self.hf_token)
                is_sent = True
                return {"success": True, "data": self._transport.call(api_name, *args)}
            except PegboxError as error:
                problem = error.message
                if not isinstance(error, UnreachableError):
                    break
                self.close()  # a restarted server may number its functions differently
                if is_sent and not is_repeatable:
                    break
        log.warning("%s: %s", api_name, problem)
        return {"error": problem}


def connect(url: str, token: str | None) -> Transport:
    """Connects to a Gradio app, else to Trackio's own server. Raises `UnreachableError`, `AuthenticationError`."""
    headers = {"Authorization": f"Bearer {token}", TOKEN_HEADER: token} if token else {}
    try:
        with httpx2.Client(headers=headers, timeout=PROBE_SECONDS, follow_redirects=True) as http:
            answer = http.get(f"{url}/config")
            if answer.status_code == 404 or "json" not in answer.headers.get("content-type", ""):
                version = http.get(f"{url}/version")
                if version.is_success and version.json().get("api_version") == 1:
                    return TrackioServer(url, token)
    except (httpx2.HTTPError, ValueError) as error:
        raise UnreachableError(f"Space not accessible: {url} ({error}). Is it running?") from error
    return Space(url, token)


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps({name: _plain(value) for name, value in values.items()}, default=str)


def _plain(value: Any) -> Any:
    """Converts NumPy and PyTorch scalars to Python numbers, NaN and infinities to text, which JSON lacks."""
    item = getattr(value, "item", None)
    value = item() if callable(item) else value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
