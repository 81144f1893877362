"""Experiments of a Trackio Space: created, logged to, described as text."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.dialects.functions import Caller
from monitor.dialects.trackio.batches import batches, record_id
from monitor.dialects.trackio.entries import Problems, Record, read_entry
from monitor.dialects.trackio.names import NEWEST_FIRST, checked_name
from monitor.dialects.trackio.rows import views_of
from monitor.dialects.trackio.writes import checked_config, last_step
from monitor.metrics.log.nonfinite import json_number
from monitor.runs import service
from monitor.runs.filters import RunFilter
from pegbox.errors import ConflictError, NotFoundError, UnusableContentError
from pegbox.schemas.base import utc_text
from pegbox.schemas.runs.run import DEMO_TAG, RunCreate, RunStatus, RunUpdate, RunView

EXPERIMENT = "trackio"
"""The experiment that contains these runs."""

SPACE_TAG = "space"
MAX_TRIES = 3_600
MAX_LISTED = 200
STATUS_OF_WORD: dict[str, RunStatus] = {
    "running": "running",
    "completed": "finished",
    "finished": "finished",
    "failed": "failed",
    "paused": "paused",
    "cancelled": "cancelled",
    "stopped": "cancelled",
}
WORD_OF_STATUS = {"finished": "completed"}

Json = str | dict[str, Any]


def create_experiment_interface(caller: Caller, name: str, description: str | None = "") -> str:
    """Creates an experiment. The response contains its id, `exp_YYYYMMDD_HHMMSS`."""
    config = {"description": description[:20_000]} if description else {}
    run = new_run(caller, checked_name(name, "name"), experiment=EXPERIMENT, config=config, tags=[SPACE_TAG])
    return f"Experiment created\nID: {run.id}\nName: {run.name}\nDescription: {description or ''}"


def new_run(caller: Caller, name: str, *, experiment: str, config: dict[str, Any], tags: list[str]) -> RunView:
    """Creates a run with the first free id from now on: clients expect ids in this format, which allows no suffix."""
    moment = datetime.now(UTC)
    for seconds in range(MAX_TRIES):
        run_id = (moment + timedelta(seconds=seconds)).strftime("exp_%Y%m%d_%H%M%S")
        body = RunCreate(id=run_id, experiment=experiment, name=name, config=config, tags=tags, resume="never")
        try:
            return service.create_run(caller.monitor.writer, body)[0]
        except ConflictError:
            continue
    raise ConflictError("Too many experiments were created in this hour; try again later")


def get_experiment(caller: Caller, experiment_id: str) -> RunView:
    """Returns any run of the monitor by its id. Raises `NotFoundError`."""
    run = service.find_run(caller.monitor.engine, experiment_id.strip())
    if run is None:
        raise NotFoundError(
            f"Experiment not found: {experiment_id[:100]}. create_experiment_interface answers the id of a new one"
        )
    return run


def is_demo(run: RunView) -> bool:
    """Whether the run has synthetic metrics."""
    return DEMO_TAG in run.tags


def title(run: RunView) -> str:
    """Returns the run's name; demonstrations are marked."""
    return f"{run.name} [demo]" if is_demo(run) else run.name


def log_metrics_interface(
    caller: Caller, experiment_id: str, metrics_json: Json, step: str | int | float | None = ""
) -> str:
    """Logs the values of one step; without a step, of the step after the last."""
    run = get_experiment(caller, experiment_id)
    if is_demo(run):
        raise ConflictError(f"{run.id} is a demonstration with made-up numbers; log to an experiment of your own")
    problems = Problems()
    record = read_entry(
        _object(metrics_json, "metrics_json"),
        record_id=record_id(run.id, "space", None),
        step=_step(step),
        time=time.time(),
        problems=problems,
    )
    if problems:
        raise UnusableContentError(f"metrics_json: {problems}")
    if not (record.points or record.media):
        raise UnusableContentError("metrics_json: no values in it")
    write(caller, run.id, [record])
    shown = ", ".join(f"{name}={json_number(value)}" for name, value in list(record.points.items())[:20])
    return f"Metrics logged for {run.id} at step {record.step}: {shown}"


def write(caller: Caller, run_id: str, records: list[Record]) -> None:
    """Writes records and waits for the commit."""
    last = last_step(caller, run_id) if any(record.step is None for record in records) else None
    for batch in batches(run_id, records, 0 if last is None else last + 1):
        caller.monitor.writer.submit(batch).result()


def _step(step: str | int | float | None) -> int | None:
    if step is None or (isinstance(step, str) and not step.strip()):
        return None
    try:
        number = float(step)
        if number == int(number) and abs(number) <= 2**53:
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise UnusableContentError(f"step: '{str(step)[:40]}' is not a whole number")


def _object(text: Json, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError) as error:
        raise UnusableContentError(f"{what}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UnusableContentError(f"{what}: must be a JSON object")
    return value


def log_parameters_interface(caller: Caller, experiment_id: str, parameters_json: Json) -> str:
    """Merges parameters into the run's config."""
    run = get_experiment(caller, experiment_id)
    problems = Problems()
    config = checked_config(_object(parameters_json, "parameters_json"), problems)
    if config is None:
        raise UnusableContentError(f"parameters_json: {problems}")
    service.update_run(caller.monitor.writer, run.id, RunUpdate(config=config))
    return f"Parameters logged for {run.id}: {', '.join(list(config)[:50])}"


def update_experiment_status_interface(caller: Caller, experiment_id: str, status: str) -> str:
    """Sets the status: running, completed, failed, paused or cancelled."""
    run = get_experiment(caller, experiment_id)
    word = status.strip().lower()
    if word not in STATUS_OF_WORD:
        raise UnusableContentError(f"status: '{status[:40]}' is none of {', '.join(STATUS_OF_WORD)}")
    service.update_run(caller.monitor.writer, run.id, RunUpdate(status=STATUS_OF_WORD[word]))
    return f"Status of {run.id} is now {word}"


def get_experiment_details(caller: Caller, experiment_id: str) -> str:
    """Describes an experiment, one property per line."""
    run = get_experiment(caller, experiment_id)
    lines = [
        f"ID: {run.id}",
        f"Name: {title(run)}",
        f"Description: {run.config.get('description', '')}",
        f"Status: {status_word(run)}",
        f"Created: {utc_text(run.created_at)}",
        f"Metric records: {run.record_count}",
    ]
    parameters = {name: value for name, value in run.config.items() if name != "description"}
    lines += [f"Parameter {name}: {json.dumps(value, default=str)}" for name, value in parameters.items()]
    for name, view in views_of(caller.monitor, run.id).items():
        lines.append(f"Metric {name}: {json_number(float(view.values[-1]))} at step {int(view.steps[-1])}")
    return "\n".join(lines)


def status_word(run: RunView) -> str:
    """Returns the Space's word for the run's status."""
    return WORD_OF_STATUS.get(run.status, run.status)


def list_experiments_interface(caller: Caller) -> str:
    """Lists the newest experiments, one per line, without demonstrations."""
    runs, _ = service.list_runs(caller.monitor.engine, RunFilter(), sort=NEWEST_FIRST, limit=MAX_LISTED, cursor=None)
    lines = [
        f"{run.id}: {run.name} ({status_word(run)}, {run.record_count} metric records, {utc_text(run.created_at)})"
        for run in runs
    ]
    return "\n".join([f"{len(runs)} experiments, newest first", *lines]) if runs else "No experiments yet"


def parse_ids(text: str) -> list[str]:
    """Splits ids at commas and spaces, without duplicates."""
    return list(dict.fromkeys(part for part in re.split(r"[,\s]+", text) if part))
