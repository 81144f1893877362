"""Brings a found run to the monitor: what it has of a stream it is not sent again.

A batch carries as its sequence number the position behind its last record. The monitor tells the highest number that it has of a
stream, committed together with the points, so an import goes on exactly there: after a first one, after one that was killed, and
in a source that has grown since.
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
from pegbox.importers.retry import PatientConnection
from pegbox.importers.sources import FoundRun, Placed, Stream
from pegbox.importers.values import storable
from pegbox.sdk.recording.batch import MAX_NAMES, BatchDraft, Event, MediaEntry, Rewind
from pegbox.sdk.recording.connection import MonitorConnection
from pegbox.sdk.recording.values import as_config

MAX_EVENTS, MAX_MEDIA = 500, 100
MAX_MEDIA_BYTES = 2 << 20
"""Of a batch: well below what the monitor accepts."""

Progress = Callable[[int], None]
"""Is told how many points were brought since it was told last."""


@dataclass(slots=True)
class Brought:
    """What became of a run: what was new in it, and the damage that ended its reading, if any did."""

    run: FoundRun
    is_new: bool
    points: int = 0
    others: int = 0
    """Histograms, texts, tables, alerts."""

    damage: UnusableContentError | None = None


def bring(run: FoundRun, connection: MonitorConnection, progress: Progress = lambda count: None) -> Brought:
    """Brings what the monitor does not have yet. A run that has nothing new stays as it is.

    What can be read of a damaged source is brought. Raises `UnavailableError` when the monitor stays away, `PegboxError` when it
    refuses the run.
    """
    patient = PatientConnection(connection)
    before = _find(run, patient)
    if before is None:
        patient.call("POST", "/api/runs", _announcement(run))
    brought = Brought(run, is_new=before is None)
    try:
        for stream in run.streams:
            _Courier(brought, patient, stream, progress).carry()
    except UnusableContentError as error:
        brought.damage = error
    _conclude(run, patient, brought)
    return brought


def _path(run: FoundRun) -> str:
    return f"/api/runs/{quote(run.run_id, safe='')}"


def _find(run: FoundRun, connection: PatientConnection) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = connection.call("GET", _path(run))
    except NotFoundError:
        return None
    return found


def _announcement(run: FoundRun) -> dict[str, Any]:
    return {"id": run.run_id, "experiment": run.experiment, "name": run.name, "tags": run.tags, "config": _config(run)}


def _config(run: FoundRun) -> dict[str, Any]:
    return {**as_config(run.config), "_origin": run.format, "_imported_from": as_config({"": str(run.origin)})[""]}


def _conclude(run: FoundRun, connection: PatientConnection, brought: Brought) -> None:
    """Says what became known of the run, if the monitor does not know it yet."""
    known = connection.call("GET", _path(run))
    wanted = {"config": _config(run), "summary": as_config(run.summary)}
    changes: dict[str, Any] = {
        field: values for field, values in wanted.items() if any(known[field].get(key) != values[key] for key in values)
    }
    if known["status"] != run.status or brought.is_new or changes:
        connection.call("PATCH", _path(run), {**changes, "status": run.status})


class _Courier:
    """Carries one stream in batches."""

    def __init__(self, brought: Brought, connection: PatientConnection, stream: Stream, progress: Progress) -> None:
        self._brought = brought
        self._connection = connection
        self._stream = stream
        self._progress = progress
        self._batches = f"{_path(brought.run)}/batches"
        self._names: set[str] = set()
        self._draft = BatchDraft()
        self._media_bytes = 0
        self._position = 0
        self._others = 0

    def carry(self) -> None:
        """Everything behind the monitor's last position; what was read before damage is carried too."""
        known = self._connection.call("GET", f"{_path(self._brought.run)}/writers/{self._stream.writer}")
        try:
            for placed in self._stream.read(max(known["sequence"], 0)):
                self._take(placed)
        except UnusableContentError:
            self._send()
            raise
        except OSError as error:  # no right to read it, gone, a disk that fails
            self._send()
            raise UnusableContentError(f"{self._brought.run.origin}, {self._stream.name}: {error}") from error
        self._send()

    def _take(self, placed: Placed) -> None:
        """Adds what stands at one place to the batch; it must not be divided between two."""
        rewind = next((entry for entry in placed.entries if isinstance(entry, Rewind)), None)
        point = next((self._bounded(entry) for entry in placed.entries if isinstance(entry, tuple)), None)
        shown = [_storable(entry) for entry in placed.entries if isinstance(entry, MediaEntry)]
        media = [(entry, _size(entry)) for entry in shown]
        fitting = [(entry, size) for entry, size in media if size <= MAX_MEDIA_BYTES][:MAX_MEDIA]
        events = [_storable(entry) for entry in placed.entries if isinstance(entry, Event)]
        self._brought.run.left_out["larger than 2 MiB, or too many at one step"] += len(media) - len(fitting)
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
        self._position = placed.position

    def _bounded(self, point: tuple[int, float, dict[str, float]]) -> tuple[int, float, dict[str, float]]:
        """With no more metrics than a run may have."""
        step, moment, values = point
        if not values.keys() <= self._names:
            named = {storable(name): value for name, value in values.items()}
            for name in named:
                if name and len(self._names) < MAX_NAMES:
                    self._names.add(name)
            kept = {name: value for name, value in named.items() if name in self._names}
            self._brought.run.left_out["metric without a name, or beyond the 10,000th"] += len(values) - len(kept)
            values = kept
        return step, moment, values

    def _send(self) -> None:
        """Delivers the batch."""
        if self._draft.is_empty:
            return
        try:
            self._connection.post(self._batches, self._draft.encode(self._stream.writer, self._position))
        except ValidationError as refusal:  # not the source's damage, but ours
            raise PegboxError(
                f"The monitor refused what was read from {self._brought.run.origin}: {refusal.message}"
            ) from refusal
        count = len(self._draft.points)
        self._brought.points += count
        self._brought.others += self._others
        self._draft, self._media_bytes, self._others = BatchDraft(), 0, 0
        self._progress(count)


def _size(entry: MediaEntry) -> int:
    return len(json.dumps(entry.data))


Entry = TypeVar("Entry", MediaEntry, Event)


def _storable(entry: Entry) -> Entry:
    """With texts that can be stored."""
    if isinstance(entry, Event):
        return replace(entry, title=storable(entry.title), detail=storable(entry.detail))
    return replace(entry, name=storable(entry.name) or "unnamed", data=storable(entry.data))
