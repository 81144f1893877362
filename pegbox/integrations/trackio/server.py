"""Experiments on Trackio's own server, which has no functions for them: each is a run of one project."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from pegbox.errors import AuthenticationError, NotFoundError, UnreachableError, UnusableContentError

PROJECT = "experiments"
TOKEN_HEADER = "x-trackio-write-token"  # noqa: S105 - the name of a header
TIMEOUT_SECONDS = 60.0


class TrackioServer:
    """Implements the functions of a Space. Raises `UnreachableError`, `AuthenticationError`, `UnusableContentError`."""

    def __init__(self, url: str, token: str | None) -> None:
        headers = {TOKEN_HEADER: token, "Authorization": f"Bearer {token}"} if token else {}
        self._url = url
        self._http = httpx2.Client(base_url=f"{url}/", headers=headers, timeout=TIMEOUT_SECONDS)
        self._functions: dict[str, Callable[..., Any]] = {
            "create_experiment_interface": self._create,
            "log_metrics_interface": self._log_metrics,
            "log_parameters_interface": self._log_parameters,
            "get_experiment_details": self._details,
            "list_experiments_interface": self._list,
            "update_experiment_status_interface": self._update_status,
            "create_metrics_plot": self._plot,
            "create_experiment_comparison": self._compare,
        }

    def call(self, api_name: str, *args: Any) -> Any:
        """Calls the equivalent of a Space's function."""
        if api_name not in self._functions:
            raise UnusableContentError(f"Trackio's own server has nothing like {api_name}")
        return self._functions[api_name](*args)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def call_function(self, name: str, **arguments: Any) -> Any:
        """Calls a function of Trackio's server and returns its result."""
        try:
            answer = self._http.post(f"api/{name}", json={"args": [], "kwargs": arguments})
        except httpx2.HTTPError as error:
            raise UnreachableError(f"{self._url} does not answer: {error}") from error
        body = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        problem = str(body.get("error") or answer.reason_phrase)
        if answer.status_code in (401, 403) or "token" in problem.lower():
            raise AuthenticationError(f"{self._url} refuses the token: {problem}")
        if answer.status_code >= 500:
            raise UnreachableError(f"{self._url} could not answer {name}: {problem}")
        if answer.status_code >= 400 or body.get("error") is not None:
            raise UnusableContentError(f"{name}: {problem}")
        return body.get("data")

    def _create(self, name: str, description: str = "") -> str:
        taken = {run["name"] for run in self.call_function("get_runs_for_project", project=PROJECT)}
        moment = datetime.now(UTC)
        while (experiment := moment.strftime("exp_%Y%m%d_%H%M%S")) in taken:
            moment += timedelta(seconds=1)
        config = {"name": name, "description": description, "status": "running"}
        self._write(experiment, {}, 0, config)
        return f"Experiment created\nID: {experiment}\nName: {name}\nDescription: {description}"

    def _write(self, experiment: str, metrics: dict[str, Any], step: int, config: dict[str, Any] | None = None) -> None:
        entry = {
            "project": PROJECT,
            "run": experiment,
            "run_id": experiment,
            "metrics": metrics,
            "step": step,
            "config": config,
            "log_id": secrets.token_hex(16),
        }
        self.call_function("bulk_log", logs=[entry], hf_token=None)

    def _summary(self, experiment: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call_function("get_run_summary", project=PROJECT, run=experiment)
        if not found["num_logs"]:
            raise NotFoundError(f"Experiment not found: {experiment}")
        return found

    def _log_metrics(self, experiment: str, metrics_json: str, step: str = "") -> str:
        summary = self._summary(experiment)
        at = int(step) if str(step).strip() else summary["last_step"] + 1
        self._write(experiment, json.loads(metrics_json), at)
        return f"Metrics logged for {experiment} at step {at}"

    def _log_parameters(self, experiment: str, parameters_json: str) -> str:
        parameters = json.loads(parameters_json)
        self._configure(experiment, parameters)
        return f"Parameters logged for {experiment}: {', '.join(parameters)}"

    def _configure(self, experiment: str, values: dict[str, Any]) -> None:
        """Merges values into the run's config, which the server can only replace."""
        summary = self._summary(experiment)
        self._write(experiment, {}, summary["last_step"], {**(summary["config"] or {}), **values})

    def _update_status(self, experiment: str, status: str) -> str:
        self._configure(experiment, {"status": status})
        return f"Status of {experiment} is now {status}"

    def _details(self, experiment: str) -> str:
        summary = self._summary(experiment)
        lines = [f"ID: {experiment}", f"Last step: {summary['last_step']}"]
        lines += [f"Parameter {name}: {json.dumps(value)}" for name, value in (summary["config"] or {}).items()]
        return "\n".join([*lines, *(f"Metric {name}" for name in summary["metrics"])])

    def _list(self) -> str:
        runs = self.call_function("get_runs_for_project", project=PROJECT)
        return "\n".join(f"{run['name']} ({run['created_at']})" for run in runs) or "No experiments yet"

    def _plot(self, experiment: str, metric_name: str = "loss") -> dict[str, str]:
        self._summary(experiment)
        return _figure([self._curve(experiment, metric_name, metric_name)])

    def _compare(self, experiment_ids: str) -> dict[str, str]:
        named = [part.strip() for part in experiment_ids.split(",") if part.strip()]
        curves = [
            self._curve(experiment, metric, f"{experiment}: {metric}")
            for experiment in named
            for metric in self._summary(experiment)["metrics"]
        ]
        return _figure(curves)

    def _curve(self, experiment: str, metric: str, label: str) -> dict[str, Any]:
        points = self.call_function("get_metric_values", project=PROJECT, run=experiment, metric_name=metric)
        ordered = sorted(points, key=lambda point: point["step"])
        steps, values = [point["step"] for point in ordered], [point["value"] for point in ordered]
        return {"type": "scatter", "mode": "lines", "name": label, "x": steps, "y": values}


def _figure(curves: list[dict[str, Any]]) -> dict[str, str]:
    return {"type": "plotly", "plot": json.dumps({"data": curves, "layout": {}})}
