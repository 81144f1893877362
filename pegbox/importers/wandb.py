"""W&B's offline folders: `wandb/offline-run-…/run-<id>.wandb`. Resumed runs lie in several, and are one run."""

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
from pegbox.importers.sources import FoundRun, Placed, Stream, damaged
from pegbox.importers.values import is_step, label, metric_name, moment, number_of, numbers_and_media
from pegbox.sdk.recording.batch import Event

SUFFIX = ".wandb"
MAX_KEYS = 10_000
STILL_SECONDS = 3_600.0
"""A file that says no end and was not written to for so long belongs to a process that died."""

HISTORY, SUMMARY, CONFIG, STATS, ALERT, RUN, EXIT = 2, 3, 5, 7, 10, 17, 18
VALUE = 16
LEVELS = {"INFO": "info", "WARN": "warning", "ERROR": "error"}


def run_in(file: Path) -> FoundRun:
    """The run of a `.wandb` file, with the files of the same run beside it. Raises `UnusableContentError` for a damaged one."""
    name = file.stem.removeprefix("run-")
    origin = file.parent.parent
    run = FoundRun(format="wandb", origin=origin, key=name, experiment="wandb", name=name, streams=[])
    for part in sorted({file, *origin.glob(f"*-{escape(name)}/{escape(file.name)}")}):  # the folder's name tells when
        run.streams.append(Stream(f"{part.parent.name}/{part.name}", partial(read_records, run, part)))
    with file.open("rb") as opened:
        for end, data in records(opened, file):
            announced = dict(_fields(file, end, data)).get(RUN)
            if announced is not None:
                _announce(run, raw(announced))
                break
    return run


def _announce(run: FoundRun, message: bytes) -> None:
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


def read_records(run: FoundRun, path: Path, after: int) -> Iterator[Placed]:
    """What stands behind a byte; config, summary and the end of the run are taken from the whole file.

    Raises `UnusableContentError` where the file is damaged.
    """
    reader = _Reader(run)
    run.status = "running" if time.time() - path.stat().st_mtime < STILL_SECONDS else "failed"
    begin = 0
    with path.open("rb") as file:
        for end, data in records(file, path):
            if data is None:
                run.left_out["record of more than 64 MiB"] += 1
            for number, value in _fields(path, begin, data):
                try:
                    placed = reader.take(number, value, end)
                except ValueError as error:
                    raise damaged(path, begin, str(error)) from None
                if placed is not None and end > after:
                    yield placed
            begin = end
    reader.conclude()


def _fields(path: Path, offset: int, data: bytes | None) -> list[tuple[int, int | bytes]]:
    try:
        return list(fields(data or b""))
    except ValueError as error:
        raise damaged(path, offset, str(error)) from None


class _Reader:
    """Follows a run through its records."""

    def __init__(self, run: FoundRun) -> None:
        self._run = run
        self._step = 0
        self._time = 0.0
        self._summary: dict[str, Any] = {}
        self._logged: set[str] = set()

    def take(self, number: int, value: int | bytes, end: int) -> Placed | None:
        """What a record says at a step, if it does. Raises `ValueError`."""
        if number == HISTORY:
            return self._history(raw(value), end)
        if number == STATS:
            return self._stats(raw(value), end)
        if number == ALERT:
            return Placed(end, (self._alert(raw(value)),))
        if number == SUMMARY:
            _merge(self._summary, raw(value))
        elif number == CONFIG:
            _merge(self._run.config, raw(value))
        elif number == EXIT:
            code = next((signed(item) for inner, item in fields(raw(value)) if inner == 1), 0)
            self._run.status = "failed" if code else "finished"
        return None

    def conclude(self) -> None:
        """Puts what the script itself wrote into the summary: the last value of each metric is there anyway."""
        own = {name: value for name, value in self._summary.items() if name not in self._logged and name[:1] != "_"}
        self._run.summary.update(own)
        self._run.config.pop("_wandb", None)

    def _history(self, message: bytes, end: int) -> Placed | None:
        values: dict[str, Any] = {}
        step: Any = self._step
        for number, item in fields(message):
            if number == 1:
                names, value = _item(raw(item))
                _set(values, names, value)
            elif number == 2:
                step = next((signed(inner) for field, inner in fields(raw(item)) if field == 1), 0)
        step = values.pop("_step", step)
        when = number_of(values.pop("_timestamp", None))
        self._time = moment(self._time if when is None else when)
        values.pop("_runtime", None)
        if not is_step(step):
            self._run.left_out["step beyond 2^53"] += 1
            return None
        self._step = step
        if len(self._logged) < MAX_KEYS:
            self._logged.update(values)
        numbers, media = numbers_and_media(values, self._step, self._time, self._run.left_out, separator=".")
        point = ((self._step, self._time, numbers),) if numbers else ()
        return Placed(end, (*point, *media)) if numbers or media else None

    def _stats(self, message: bytes, end: int) -> Placed | None:
        """Readings of the machine have no step: they belong to the newest one."""
        numbers: dict[str, float] = {}
        when = self._time
        for number, value in fields(message):
            if number == 2:
                parts = {field: signed(item) for field, item in fields(raw(value))}
                when = moment(parts.get(1, 0) + parts.get(2, 0) / 1e9)
            elif number == 3:
                names, reading = _item(raw(value))
                numeric = number_of(reading)
                if names and numeric is not None:
                    numbers[metric_name(f"system/{names[0]}", numbers)] = numeric
        return Placed(end, ((max(self._step, 0), when, numbers),)) if numbers else None

    def _alert(self, message: bytes) -> Event:
        said = {number: text(value) for number, value in fields(message) if number in (1, 2, 3)}
        level = LEVELS.get(said.get(3, ""), "warning")
        title, detail = said.get(1, "")[:500], said.get(2, "")[:20_000]
        return Event(self._step, self._time, "alert", title, detail, level)


def _merge(values: dict[str, Any], message: bytes) -> None:
    """Applies a ConfigRecord or SummaryRecord: what it updates, what it removes."""
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
    """A ConfigItem, SummaryItem, HistoryItem or StatsItem: where its value belongs, and the value."""
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
