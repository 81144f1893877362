"""The outbox: entries that the monitor has not acknowledged, on disk in one append-only file per run and writer.

A line is written before it is sent and dropped when the monitor acknowledges it, so that neither an outage of the monitor nor a
crash of this process loses it. The owner locks the file. An unlocked outbox belongs to a dead process; the next process on the
same data folder sends it.

    {"outbox": 1, "url": …, "run": {body of POST /api/runs}}      the first line
    {"batch": {body of POST /api/runs/{id}/batches}}              then in the order they were logged
    {"patch": {body of PATCH /api/runs/{id}}}
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

SUFFIX = ".jsonl"
COMPACT_AT_BYTES = 1 << 20
"""Acknowledged lines are removed from the file once they exceed this size."""


class OutboxLockedError(Exception):
    """Another process owns the outbox, or the file is gone."""


class Outbox:
    """One locked file. Not thread-safe: only the sender thread uses it."""

    def __init__(self, path: Path, descriptor: int, header: dict[str, Any], start: int) -> None:
        self.path = path
        self.header = header
        self._descriptor = descriptor
        self._start = start  # offset of the first line after the header
        self._sent = start
        self._end = os.fstat(descriptor).st_size

    @classmethod
    def create(cls, folder: Path, run_id: str, writer: str, header: dict[str, Any]) -> Self:
        """A new empty outbox, owned by this process."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{run_id}-{writer}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        line = _encode({"outbox": 1, **header})
        try:
            _write_all(descriptor, line)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(path, descriptor, header, len(line))

    @classmethod
    def adopt(cls, path: Path) -> Self:
        """Takes over the outbox of a dead process. Raises `OutboxLockedError` when another process holds it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise OutboxLockedError(str(path)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
                raise OutboxLockedError(str(path))
            line = _read_line(descriptor, 0)
            header = json.loads(line)
            if not isinstance(header, dict) or header.get("outbox") != 1:
                raise ValueError(f"{path} is not an outbox")
        except OSError as error:
            os.close(descriptor)
            raise OutboxLockedError(str(path)) from error
        except (OutboxLockedError, ValueError):
            os.close(descriptor)
            raise
        return cls(path, descriptor, header, len(line))

    def append(self, line: bytes) -> None:
        """Appends a line, given without its newline. Raises `OSError` and leaves the file unchanged on failure."""
        try:
            _write_all(self._descriptor, line + b"\n")
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(line) + 1

    @property
    def is_empty(self) -> bool:
        """Whether every line is acknowledged."""
        return self._sent >= self._end

    @property
    def backlog_bytes(self) -> int:
        """Size of the lines that are not acknowledged."""
        return self._end - self._sent

    def next_line(self) -> bytes | None:
        """The oldest unacknowledged line without its newline, or `None`. Drops an incomplete last line, left by a crash."""
        if self.is_empty:
            return None
        line = _read_line(self._descriptor, self._sent)
        if not line.endswith(b"\n"):
            os.ftruncate(self._descriptor, self._sent)
            self._end = self._sent
            return None
        return line[:-1]

    def acknowledge(self, line: bytes) -> None:
        """Marks the oldest line, which must be `line`, as acknowledged."""
        self._sent += len(line) + 1
        if self.is_empty and self._end - self._start > COMPACT_AT_BYTES:
            self.compact()

    def compact(self) -> None:
        """Frees the disk space of acknowledged lines if no other lines are left."""
        if self.is_empty and self._end > self._start:
            os.ftruncate(self._descriptor, self._start)
            self._sent = self._end = self._start

    def sync(self) -> None:
        """Flushes the file to disk, so that the backlog survives a power failure."""
        os.fsync(self._descriptor)

    def set_aside(self, line: bytes) -> Path:
        """Moves a line that the monitor refused to a file beside the outbox. Returns that file."""
        path = self.path.with_suffix(".refused")
        with path.open("ab") as handle:
            handle.write(line + b"\n")
        return path

    def close(self) -> None:
        """Closes the file; deletes it when every line is acknowledged."""
        if self.is_empty:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Closes the descriptor in a forked child; the parent keeps the file and the lock."""
        os.close(self._descriptor)


def outbox_files(folder: Path) -> Iterator[Path]:
    """The outbox files in a folder, oldest first, whether locked or not."""
    if folder.is_dir():
        yield from sorted(folder.glob(f"*{SUFFIX}"), key=_modified)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=str).encode() + b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _read_line(descriptor: int, offset: int) -> bytes:
    parts = []
    while True:
        part = os.pread(descriptor, 1 << 16, offset)
        newline = part.find(b"\n")
        if newline >= 0:
            parts.append(part[: newline + 1])
            break
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
