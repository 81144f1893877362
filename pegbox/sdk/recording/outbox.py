"""What was logged and is not yet acknowledged, on disk: one append-only file per (run, writer).

A line is written before it is sent and dropped after the monitor's acknowledgement, so neither an outage of the monitor nor
the death of this process loses it. The file is locked by its owner; the outbox of a dead process is therefore the one whose
lock is free, and the next process on the same data folder sends it.

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
"""Acknowledged lines are cut off when they exceed this; until then cutting would cost more than it frees."""


class OutboxTakenError(Exception):
    """Another living process owns this outbox, or it is gone."""


class Outbox:
    """One locked file. Not thread-safe: it belongs to the sending thread."""

    def __init__(self, path: Path, descriptor: int, header: dict[str, Any], start: int) -> None:
        self.path = path
        self.header = header
        self._descriptor = descriptor
        self._start = start  # where the lines begin, behind the header
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
        """The outbox of a dead process. Raises `OutboxTakenError` when its owner lives or someone else was faster."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise OutboxTakenError(str(path)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
                raise OutboxTakenError(str(path))
            line = _read_line(descriptor, 0)
            header = json.loads(line)
            if not isinstance(header, dict) or header.get("outbox") != 1:
                raise ValueError(f"{path} is not an outbox")
        except OSError as error:
            os.close(descriptor)
            raise OutboxTakenError(str(path)) from error
        except (OutboxTakenError, ValueError):
            os.close(descriptor)
            raise
        return cls(path, descriptor, header, len(line))

    def append(self, line: bytes) -> None:
        """Writes one line (without its newline) whole, or raises `OSError` and leaves the file as it was."""
        try:
            _write_all(self._descriptor, line + b"\n")
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(line) + 1

    @property
    def is_empty(self) -> bool:
        """Whether everything in it was acknowledged."""
        return self._sent >= self._end

    @property
    def backlog_bytes(self) -> int:
        """Bytes not yet acknowledged."""
        return self._end - self._sent

    def next_line(self) -> bytes | None:
        """The oldest line not yet acknowledged, without its newline. A torn last line (a crash while writing) is dropped."""
        if self.is_empty:
            return None
        line = _read_line(self._descriptor, self._sent)
        if not line.endswith(b"\n"):
            os.ftruncate(self._descriptor, self._sent)
            self._end = self._sent
            return None
        return line[:-1]

    def acknowledge(self, line: bytes) -> None:
        """Drops the oldest line, which must be `line`."""
        self._sent += len(line) + 1
        if self.is_empty and self._end - self._start > COMPACT_AT_BYTES:
            self.compact()

    def compact(self) -> None:
        """Frees the disk space of acknowledged lines when nothing is waiting."""
        if self.is_empty and self._end > self._start:
            os.ftruncate(self._descriptor, self._start)
            self._sent = self._end = self._start

    def sync(self) -> None:
        """Makes the backlog survive a power cut."""
        os.fsync(self._descriptor)

    def set_aside(self, line: bytes) -> Path:
        """Keeps a line the monitor refuses for good in a file beside this one, so that it neither blocks nor vanishes."""
        path = self.path.with_suffix(".refused")
        with path.open("ab") as handle:
            handle.write(line + b"\n")
        return path

    def close(self) -> None:
        """Lets go of the file; removes it when nothing is waiting in it."""
        if self.is_empty:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """For a forked child: closes the descriptor, leaves file and lock to the parent."""
        os.close(self._descriptor)


def leftovers(folder: Path) -> Iterator[Path]:
    """Outbox files in the folder, oldest first, whoever owns them."""
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
