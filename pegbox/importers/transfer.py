"""Transfers a run of another tracker to the monitor, without sending records that the monitor has already.

The sequence number of a batch is the position of its last record. The monitor reports the highest number of each stream, which is
committed together with the points, so an import continues at that position: after an earlier import, after one that was killed,
and in a source that has grown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

from pegbox.errors import (
    NotFoundError,
    PegboxError,
    UnusableContentError,
    ValidationError,
)
from pegbox.importers.retry import RetryingConnection
from pegbox.importers.sources import SourceRecord, SourceRun, SourceStream
from pegbox.importers.values import storable
from pegbox.sdk.recording.batch import MAX_NAMES, BatchDraft, Event, MediaEntry, Rewind
from pegbox.sdk.recording.connection import MonitorConnection
from pegbox.sdk.recording.values import as_config

MAX_EVENTS, MAX_MEDIA = 500, 100
MAX_MEDIA_BYTES = 2 << 20
"""Limits of a batch, below those of the monitor."""

PointCallback = Callable[[int], None]
"""Called with the number of points sent since the last call."""


@dataclass(slots=True)
class TransferResult:
    """What was new in a run, and the damage that stopped its reading, if any."""

    run: SourceRun
    is_new: bool
    points: int = 0
    others: int = 0
    """Number of histograms, texts, tables and alerts."""

    damage: UnusableContentError | None = None


def transfer_run(
    run: SourceRun, connection: MonitorConnection, on_points: PointCallback = lambda count: None
) -> TransferResult:
    """Sends the records that the monitor does not have. A run without new records is not changed.

    Sends what can be read of a damaged source. Raises `UnavailableError` when the monitor does not respond, `PegboxError` when
    the monitor refuses the run.
    """
    retrying = RetryingConnection(connection)
    existing = _find(run, retrying)
    if existing is None:
        retrying.call("POST", "/api/runs", _create_body(run))
    result = TransferResult(run, is_new=existing is None)
    try:
        for stream in run.streams:
            _StreamTransfer(result, retrying, stream, on_points).run()
    except UnusableContentError as error:
        result.damage = error
    _update(run, retrying, result)
    return result


def _path(run: SourceRun) -> str:
    return f"/api/runs/{quote(run.run_id, safe='')}"


def _find(run: SourceRun, connection: RetryingConnection) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = connection.call("GET", _path(run))
    except NotFoundError:
        return None
    return found


def _create_body(run: SourceRun) -> dict[str, Any]:
    return {"id": run.run_id, "experiment": run.experiment, "name": run.name, "tags": run.tags, "config": _config(run)}


def _config(run: SourceRun) -> dict[str, Any]:
    return {**as_config(run.config), "_origin": run.format, "_imported_from": as_config({"": str(run.origin)})[""]}


def _update(run: SourceRun, connection: RetryingConnection, result: TransferResult) -> None:
    """Updates config, summary and status if they differ from those in the monitor."""
    known = connection.call("GET", _path(run))
    wanted = {"config": _config(run), "summary": as_config(run.summary)}
    changes: dict[str, Any] = {
        field: values for field, values in wanted.items() if any(known[field].get(key) != values[key] for key in values)
    }
    if known["status"] != run.status or result.is_new or changes:
        connection.call("PATCH", _path(run), {**changes, "status": run.status})


class _StreamTransfer:
    """Sends one stream in batches."""

    def __init__(
        self, result: TransferResult, connection: RetryingConnection, stream: SourceStream, on_points: PointCallback
    ) -> None:
        self._result = result
        self._connection = connection
        self._stream = stream
        self._on_points = on_points
        self._batches = f"{_path(result.run)}/batches"
        self._names: set[str] = set()
        self._draft = BatchDraft()
        self._media_bytes = 0
        self._position = 0
        self._others = 0

    def run(self) -> None:
        """Sends the records after the monitor's last position, also those before damage."""
        known = self._connection.call("GET", f"{_path(self._result.run)}/writers/{self._stream.writer}")
        try:
            for record in self._stream.read(max(known["sequence"], 0)):
                self._add(record)
        except UnusableContentError:
            self._send()
            raise
        except OSError as error:  # not readable, deleted, or a disk error
            self._send()
            raise UnusableContentError(f"{self._result.run.origin}, {self._stream.name}: {error}") from error
        self._send()

    def _add(self, record: SourceRecord) -> None:
        """Adds a record to the batch. A record is never divided between two batches."""
        rewind = next((entry for entry in record.entries if isinstance(entry, Rewind)), None)
        point = next((self._bounded(entry) for entry in record.entries if isinstance(entry, tuple)), None)
        media_entries = [_storable(entry) for entry in record.entries if isinstance(entry, MediaEntry)]
        media = [(entry, _size(entry)) for entry in media_entries]
        fitting = [(entry, size) for entry, size in media if size <= MAX_MEDIA_BYTES][:MAX_MEDIA]
        events = [_storable(entry) for entry in record.entries if isinstance(entry, Event)]
        self._result.run.left_out["larger than 2 MiB, or too many at one step"] += len(media) - len(fitting)
        size = sum(size for _, size in fitting)
        if (
            rewind is not None
            or self._media_bytes + size > MAX_MEDIA_BYTES
            or len(self._draft.media) + len(fitting) > MAX_MEDIA
            or len(self._draft.events) + len(events) > MAX_EVENTS
        ):
            self._send()
        if rewind is not None:
            self._draft = BatchDraft(rewind_to=rewind.step)
        if point is not None and not self._draft.add_point(point):
            self._send()
            self._draft.add_point(point)
        self._draft.media += [entry for entry, _ in fitting]
        self._draft.events += events
        self._media_bytes += size
        self._others += len(fitting) + len(events)
        self._position = record.position

    def _bounded(self, point: tuple[int, float, dict[str, float]]) -> tuple[int, float, dict[str, float]]:
        """Drops metrics beyond the number that a run can have."""
        step, time, values = point
        if not values.keys() <= self._names:
            named = {storable(name): value for name, value in values.items()}
            for name in named:
                if name and len(self._names) < MAX_NAMES:
                    self._names.add(name)
            kept = {name: value for name, value in named.items() if name in self._names}
            self._result.run.left_out["metric without a name, or beyond the 10,000th"] += len(values) - len(kept)
            values = kept
        return step, time, values

    def _send(self) -> None:
        """Sends the batch."""
        if self._draft.is_empty:
            return
        try:
            self._connection.post(self._batches, self._draft.encode(self._stream.writer, self._position))
        except ValidationError as refusal:  # a fault of the importer, not of the source
            raise PegboxError(
                f"The monitor refused what was read from {self._result.run.origin}: {refusal.message}"
            ) from refusal
        count = len(self._draft.points)
        self._result.points += count
        self._result.others += self._others
        self._draft, self._media_bytes, self._others = BatchDraft(), 0, 0
        self._on_points(count)


def _size(entry: MediaEntry) -> int:
    return len(json.dumps(entry.data))


Entry = TypeVar("Entry", MediaEntry, Event)


def _storable(entry: Entry) -> Entry:
    """The entry with texts that can be stored."""
    if isinstance(entry, Event):
        return replace(entry, title=storable(entry.title), detail=storable(entry.detail))
    return replace(entry, name=storable(entry.name) or "unnamed", data=storable(entry.data))
