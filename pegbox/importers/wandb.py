"""Reads W&B's offline folders: `wandb/offline-run-…/run-<id>.wandb`. A resumed run has several folders."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any

from pegbox.importers.formats.leveldb_log import records
from pegbox.importers.formats.protobuf import fields, raw, signed, text
from pegbox.importers.sources import SourceRecord, SourceRun, SourceStream, damage_error
from pegbox.importers.values import is_step, label, metric_name, number_of, numbers_and_media, unix_time
from pegbox.sdk.recording.batch import Event

SUFFIX = ".wandb"
MAX_KEYS = 10_000
STALE_SECONDS = 3_600.0
"""A run without an end whose file is older than this counts as failed."""

HISTORY, SUMMARY, CONFIG, STATS, ALERT, RUN, EXIT = 2, 3, 5, 7, 10, 17, 18
VALUE = 16
LEVELS = {"INFO": "info", "WARN": "warning", "ERROR": "error"}


def read_run(file: Path) -> SourceRun:
    """The run of a `.wandb` file and of the run's other files. Raises `UnusableContentError` for a damaged file."""
    name = file.stem.removeprefix("run-")
    origin = file.parent.parent
    run = SourceRun(format="wandb", origin=origin, key=name, experiment="wandb", name=name, streams=[])
    for part in sorted(
        {file, *origin.glob(f"*-{escape(name)}/{escape(file.name)}")}
    ):  # folder names contain the start time
        run.streams.append(SourceStream(f"{part.parent.name}/{part.name}", partial(read_records, run, part)))
    with file.open("rb") as handle:
        for end, data in records(handle, file):
            run_record = dict(_fields(file, end, data)).get(RUN)
            if run_record is not None:
                _read_run_record(run, raw(run_record))
                break
    return run


def _read_run_record(run: SourceRun, message: bytes) -> None:
    for number, value in fields(message):
        if number == 1:
            run.key = text(value)
        elif number == 3:
            run.experiment = label(text(value), run.experiment)
        elif number == 4:
            _merge(run.config, raw(value))
        elif number == 8:
            run.name = label(text(value), run.name)
        elif number == 9:
            run.config["_notes"] = text(value)[:10_000]
        elif number == 10 and len(run.tags) < 100:
            run.tags.append(label(text(value), "tag")[:100])


def read_records(run: SourceRun, path: Path, after: int) -> Iterator[SourceRecord]:
    """Yields the records after a byte offset. Reads config, summary and the end of the run from the whole file.

    Raises `UnusableContentError` for damage.
    """
    reader = _Reader(run)
    run.status = "running" if time.time() - path.stat().st_mtime < STALE_SECONDS else "failed"
    begin = 0
    with path.open("rb") as file:
        for end, data in records(file, path):
            if data is None:
                run.left_out["record of more than 64 MiB"] += 1
            for number, value in _fields(path, begin, data):
                try:
                    record = reader.read(number, value, end)
                except ValueError as error:
                    raise damage_error(path, begin, str(error)) from None
                if record is not None and end > after:
                    yield record
            begin = end
    reader.finish()


def _fields(path: Path, offset: int, data: bytes | None) -> list[tuple[int, int | bytes]]:
    try:
        return list(fields(data or b""))
    except ValueError as error:
        raise damage_error(path, offset, str(error)) from None


class _Reader:
    """Decodes the records of a run in order."""

    def __init__(self, run: SourceRun) -> None:
        self._run = run
        self._step = 0
        self._time = 0.0
        self._summary: dict[str, Any] = {}
        self._logged: set[str] = set()

    def read(self, number: int, value: int | bytes, end: int) -> SourceRecord | None:
        """The entries of a record, if it has any. Raises `ValueError`."""
        if number == HISTORY:
            return self._history(raw(value), end)
        if number == STATS:
            return self._stats(raw(value), end)
        if number == ALERT:
            return SourceRecord(end, (self._alert(raw(value)),))
        if number == SUMMARY:
            _merge(self._summary, raw(value))
        elif number == CONFIG:
            _merge(self._run.config, raw(value))
        elif number == EXIT:
            code = next((signed(item) for inner, item in fields(raw(value)) if inner == 1), 0)
            self._run.status = "failed" if code else "finished"
        return None

    def finish(self) -> None:
        """Adds the summary values that the script set itself; the monitor adds the last value of each metric."""
        own = {name: value for name, value in self._summary.items() if name not in self._logged and name[:1] != "_"}
        self._run.summary.update(own)
        self._run.config.pop("_wandb", None)

    def _history(self, message: bytes, end: int) -> SourceRecord | None:
        values: dict[str, Any] = {}
        step: Any = self._step
        for number, item in fields(message):
            if number == 1:
                names, value = _item(raw(item))
                _set(values, names, value)
            elif number == 2:
                step = next((signed(inner) for field, inner in fields(raw(item)) if field == 1), 0)
        step = values.pop("_step", step)
        timestamp = number_of(values.pop("_timestamp", None))
        self._time = unix_time(self._time if timestamp is None else timestamp)
        values.pop("_runtime", None)
        if not is_step(step):
            self._run.left_out["step beyond 2^53"] += 1
            return None
        self._step = step
        if len(self._logged) < MAX_KEYS:
            self._logged.update(values)
        numbers, media = numbers_and_media(values, self._step, self._time, self._run.left_out, separator=".")
        point = ((self._step, self._time, numbers),) if numbers else ()
        return SourceRecord(end, (*point, *media)) if numbers or media else None

    def _stats(self, message: bytes, end: int) -> SourceRecord | None:
        """System metrics have no step: they are placed at the last step."""
        numbers: dict[str, float] = {}
        timestamp = self._time
        for number, value in fields(message):
            if number == 2:
                parts = {field: signed(item) for field, item in fields(raw(value))}
                timestamp = unix_time(parts.get(1, 0) + parts.get(2, 0) / 1e9)
            elif number == 3:
                names, reading = _item(raw(value))
                numeric = number_of(reading)
                if names and numeric is not None:
                    numbers[metric_name(f"system/{names[0]}", numbers)] = numeric
        return SourceRecord(end, ((max(self._step, 0), timestamp, numbers),)) if numbers else None

    def _alert(self, message: bytes) -> Event:
        fields_by_number = {number: text(value) for number, value in fields(message) if number in (1, 2, 3)}
        level = LEVELS.get(fields_by_number.get(3, ""), "warning")
        title, detail = fields_by_number.get(1, "")[:500], fields_by_number.get(2, "")[:20_000]
        return Event(self._step, self._time, "alert", title, detail, level)


def _merge(values: dict[str, Any], message: bytes) -> None:
    """Applies the updates and removals of a ConfigRecord or SummaryRecord."""
    for number, item in fields(message):
        names, value = _item(raw(item))
        if number == 1:
            _set(values, names, value)
        elif number == 2 and names:
            values.pop(names[0], None)


def _set(values: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            inner = values[name] = {}
        values = inner
    if names and (names[-1] in values or len(values) < MAX_KEYS):
        values[names[-1]] = value


def _item(message: bytes) -> tuple[list[str], Any]:
    """The key path and the value of a ConfigItem, SummaryItem, HistoryItem or StatsItem."""
    names: list[str] = []
    value: Any = None
    for number, content in fields(message):
        if number == 1 or (number == 2 and len(names) < 20):
            names.append(text(content))
        elif number == VALUE:
            try:
                value = json.loads(raw(content))
            except RecursionError:
                raise ValueError("a value is nested too deeply") from None
    return names, value
