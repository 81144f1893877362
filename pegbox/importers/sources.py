"""What a reader finds: runs, each with streams of records at rising positions."""

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
class Placed:
    """What stands at one place of a source, at most one point of it. Behind `position` reading goes on: a byte, a row number."""

    position: int
    entries: tuple[Point | MediaEntry | Event | Rewind, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """A file or table that only grows. `read(after)` gives what stands behind a position, with rising positions above 0."""

    name: str
    read: Callable[[int], Iterator[Placed]]

    @property
    def writer(self) -> str:
        """Who the monitor takes the stream's batches for: the same in every import."""
        return f"import-{hashlib.sha256(self.name.encode()).hexdigest()[:24]}"


@dataclass(slots=True)
class FoundRun:
    """A run in a source. `origin` and `key` say which for good: an absolute path, and the run's name or id in there.

    What a reader learns while its streams are read (`config`, `summary`, `status`, `left_out`) is complete at their end.
    """

    format: str
    origin: Path
    key: str
    experiment: str
    name: str
    streams: list[Stream]
    config: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    status: str = "finished"
    left_out: Counter[str] = field(default_factory=Counter)
    """What Pegbox has no place for, by kind: `image`, `text value`, …"""

    @property
    def run_id(self) -> str:
        """The same for the same source, so that a second import meets the run of the first."""
        identity = "\0".join((self.format, str(self.origin), self.key))
        return f"{self.format}-{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def damaged(path: Path, offset: int, what: str) -> UnusableContentError:
    """The error for a source that cannot be read on."""
    return UnusableContentError(f"{path}, byte {offset}: {what}. What stands before it can be imported.")
