"""Runs in the files of other trackers: each has streams of records at increasing positions."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pegbox.errors import UnusableContentError
from pegbox.sdk.recording.batch import Event, MediaEntry, Point, Rewind


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Entries at one position of a stream, at most one point among them. Reading resumes after `position`: a byte or a row."""

    position: int
    entries: tuple[Point | MediaEntry | Event | Rewind, ...]


@dataclass(frozen=True, slots=True)
class SourceStream:
    """An append-only file or table. `read(after)` yields the records after a position, at increasing positions above 0."""

    name: str
    read: Callable[[int], Iterator[SourceRecord]]

    @property
    def writer(self) -> str:
        """The writer of the stream's batches, the same in every import."""
        return f"import-{hashlib.sha256(self.name.encode()).hexdigest()[:24]}"


@dataclass(slots=True)
class SourceRun:
    """A run of another tracker, identified by `origin`, an absolute path, and `key`, its name or id there.

    `config`, `summary`, `status` and `left_out` are complete when all streams have been read.
    """

    format: str
    origin: Path
    key: str
    experiment: str
    name: str
    streams: list[SourceStream]
    config: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    status: str = "finished"
    left_out: Counter[str] = field(default_factory=Counter)
    """Counts of values that Pegbox cannot store, by kind: `image`, `text value`, …"""

    @property
    def run_id(self) -> str:
        """The id of the run, the same in every import of the same source."""
        identity = "\0".join((self.format, str(self.origin), self.key))
        return f"{self.format}-{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def damage_error(path: Path, offset: int, what: str) -> UnusableContentError:
    """The error for a source that is damaged at a byte offset."""
    return UnusableContentError(f"{path}, byte {offset}: {what}. What stands before it can be imported.")
