"""Trackio's calls that write points and alerts."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from pydantic import TypeAdapter
from pydantic import ValidationError as SchemaError
from sqlalchemy import Connection

from monitor.dialects.functions import Caller
from monitor.dialects.trackio import names
from monitor.dialects.trackio.batches import batches, event_batch, record_id
from monitor.dialects.trackio.entries import LogEntry, Problems, Record, parse_timestamp, read_entry
from monitor.metrics.ingest.batch_schema import MAX_EVENTS
from monitor.metrics.ingest.writer import Accepted
from monitor.metrics.log.records import Event
from monitor.runs import service
from pegbox.errors import PayloadTooLargeError, UnusableContentError
from pegbox.schemas.base import JsonObject
from pegbox.schemas.runs.run import RunCreate, RunView

T = TypeVar("T")
journal = logging.getLogger(__name__)

SYSTEM = "system/"
"""Prefix of system metrics, the same as in Pegbox's SDK."""

MAX_NAMES = 5_000
"""Maximum metrics of one run per call."""

MAX_CONFIG_BYTES = 1 << 20
LEVELS = {"info": "info", "warn": "warning", "warning": "warning", "error": "error"}
_config = TypeAdapter(JsonObject)


class SystemEntry(msgspec.Struct, frozen=True, gc=False):
    project: str
    run: str
    metrics: dict[str, Any]
    run_id: str | None = None
    timestamp: str | None = None
    log_id: str | None = None


class AlertEntry(msgspec.Struct, frozen=True):
    project: str
    run: str
    title: str
    run_id: str | None = None
    text: str | None = None
    level: str = "warn"
    step: int | None = None
    timestamp: str | None = None
    alert_id: str | None = None


@dataclass
class _Group:
    """The entries of one run in a call."""

    project: str
    name: str
    run_id: str | None
    config: dict[str, Any] | None = None
    entries: list[Any] = field(default_factory=list)


def bulk_log(caller: Caller, logs: list[Any], hf_token: str | None = None) -> dict[str, Any] | None:
    """Logs points and media of any number of runs. Invalid entries are dropped and reported in the response.

    Returns None when nothing was dropped. Raises `UnusableContentError` when no entry is valid.
    """
    problems, arrival = Problems(), time.time()
    waiting: list[Future[Accepted]] = []
    for group in _grouped(logs, LogEntry, problems):
        run = ensure_run(caller, group.project, group.name, group.run_id, checked_config(group.config, problems))
        seen: set[str] = set()
        records = []
        for entry in group.entries:
            if entry.log_id is not None and entry.log_id in seen:
                continue
            seen.add(entry.log_id or "")
            records.append(
                read_entry(
                    entry.metrics,
                    record_id=record_id(run.id, "log", entry.log_id),
                    step=entry.step,
                    time=parse_timestamp(entry.timestamp, arrival),
                    problems=problems,
                )
            )
        waiting += _submit(caller, run, records)
    return _answer(waiting, problems)


def log(
    caller: Caller,
    project: str,
    run: str,
    metrics: dict[str, Any],
    step: int | None = None,
    hf_token: str | None = None,
    run_id: str | None = None,
) -> dict[str, Any] | None:
    """Logs the values of one step: `/api/log`."""
    entry = {"project": project, "run": run, "metrics": metrics, "step": step, "run_id": run_id}
    return bulk_log(caller, [entry])


def bulk_log_system(caller: Caller, logs: list[Any], hf_token: str | None = None) -> dict[str, Any] | None:
    """Logs system metrics. They have a time but no step and are stored at the run's last step."""
    problems, arrival = Problems(), time.time()
    waiting: list[Future[Accepted]] = []
    for group in _grouped(logs, SystemEntry, problems):
        run = ensure_run(caller, group.project, group.name, group.run_id)
        step = max(last_step(caller, run.id) or 0, 0)
        records = [
            read_entry(
                {f"{SYSTEM}{name}": value for name, value in entry.metrics.items()},
                record_id=record_id(run.id, "system", entry.log_id),
                step=step,
                time=parse_timestamp(entry.timestamp, arrival),
                problems=problems,
            )
            for entry in group.entries
        ]
        waiting += _submit(caller, run, records)
    return _answer(waiting, problems)


def bulk_alert(caller: Caller, alerts: list[Any], hf_token: str | None = None) -> dict[str, Any] | None:
    """Logs alerts as events of their runs."""
    problems = Problems()
    waiting: list[Future[Accepted]] = []
    for group in _grouped(alerts, AlertEntry, problems):
        run = ensure_run(caller, group.project, group.name, group.run_id)
        events = [(record_id(run.id, "alert", entry.alert_id), _event(entry)) for entry in group.entries]
        for start in range(0, len(events), MAX_EVENTS):
            waiting.append(caller.monitor.writer.submit(event_batch(run.id, events[start : start + MAX_EVENTS])))
    return _answer(waiting, problems)


def _event(entry: AlertEntry) -> Event:
    title, text = entry.title.replace("\0", ""), (entry.text or "").replace("\0", "")
    if len(title) > 500:
        title, text = f"{title[:499]}…", f"{title}\n{text}"
    level: Any = LEVELS.get(entry.level, "warning")
    return Event(parse_timestamp(entry.timestamp), "alert", title, entry.step, text[:20_000], level)


def _grouped(entries: list[Any], kind: type[Any], problems: Problems) -> list[_Group]:
    """Groups the valid entries by run. Raises `UnusableContentError` when none of the entries is valid."""
    groups: dict[tuple[str, str, str | None], _Group] = {}
    refused: set[tuple[str, str]] = set()
    for entry in _readable(entries, kind, problems):
        key = (entry.project, entry.run, entry.run_id)
        if key not in groups:
            if key[:2] in refused:
                problems.count += 1
                continue
            try:
                project, name = names.checked_name(entry.project, "project"), names.checked_name(entry.run, "run")
            except UnusableContentError as error:
                refused.add(key[:2])
                problems.add(error.message)
                continue
            groups[key] = _Group(project, name, entry.run_id)
        group = groups[key]
        group.entries.append(entry)
        if isinstance(entry, LogEntry) and entry.config and group.config is None:
            group.config = entry.config
    if problems and not groups:
        raise UnusableContentError(f"Nothing could be kept: {problems}")
    return list(groups.values())


def _readable(entries: list[Any], kind: type[T], problems: Problems) -> Iterable[T]:
    """Yields the entries that have the expected type."""
    try:
        return msgspec.convert(entries, list[kind])  # type: ignore[valid-type]  # in one call, since nearly all entries are valid
    except msgspec.ValidationError:
        return _readable_ones(entries, kind, problems)


def _readable_ones(entries: list[Any], kind: type[T], problems: Problems) -> Iterator[T]:
    for given in entries:
        try:
            yield msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            problems.add(f"entry left out: {error}")


def checked_config(config: dict[str, Any] | None, problems: Problems) -> dict[str, Any] | None:
    """Validates a config; returns None and adds a problem for an invalid config."""
    if config is None:
        return None
    try:
        checked = _config.validate_python(config)
    except SchemaError as error:
        problems.add(f"config left out: {error.errors()[0]['msg'].removeprefix('Value error, ')}")
        return None
    if len(msgspec.json.encode(checked)) > MAX_CONFIG_BYTES:
        problems.add(f"config left out: more than {MAX_CONFIG_BYTES} bytes")
        return None
    return checked


def ensure_run(
    caller: Caller, project: str, name: str, run_id: str | None, config: dict[str, Any] | None = None
) -> RunView:
    """Finds the run, or creates it. A config means that a process has just started or resumed the run."""
    known = names.find_run(caller.monitor.engine, project, name, run_id)
    if known is not None and config is None:
        return known
    own = known.id if known is not None else _free_id(caller, project, name, run_id)
    tags = [names.TAG]
    group = (config or {}).get("_Group")
    if isinstance(group, str) and 0 < len(group) <= 90:
        tags.append(f"group:{group}")
    body = RunCreate(id=own, experiment=project, name=name, config=config or {}, tags=tags)
    run, _ = service.create_run(caller.monitor.writer, body)
    return run


def _free_id(caller: Caller, project: str, name: str, run_id: str | None) -> str:
    """Returns an id that no run of another project has."""
    own = names.our_run_id(project, name, run_id)
    found = service.find_run(caller.monitor.engine, own)
    return own if found is None or found.id != own else names.hashed_run_id(project, run_id or name)


def last_step(caller: Caller, run_id: str) -> int | None:
    """Returns the run's greatest step, including accepted batches that are not in the run row yet."""
    writer = caller.monitor.writer

    def operation(connection: Connection) -> int | None:
        return writer.state(connection, run_id).last_step

    return writer.call(operation)


def _submit(caller: Caller, run: RunView, records: Sequence[Record]) -> list[Future[Accepted]]:
    """Queues the records. Raises `PayloadTooLargeError` for too many metric names."""
    found = {name for record in records for name in record.points}
    if len(found) > MAX_NAMES:
        raise PayloadTooLargeError(f"{len(found)} metrics in one call; at most {MAX_NAMES} are taken")
    counted = -1
    if any(record.step is None for record in records):
        last = last_step(caller, run.id)
        counted = -1 if last is None else last
    return [caller.monitor.writer.submit(batch) for batch in batches(run.id, records, counted + 1) if batch.count]


def _answer(waiting: Sequence[Future[Accepted]], problems: Problems) -> dict[str, Any] | None:
    """Waits for all commits; reports dropped values in the response and in the log."""
    failures = [failure for future in waiting if (failure := future.exception()) is not None]
    if failures:
        raise failures[0]
    if not problems:
        return None
    journal.warning("left out %d things that a Trackio client sent: %s", problems.count, problems)
    return {"left_out": problems.count, "problems": problems.texts}
