"""Reads the log files of a job: the last lines, ranges, search results and new content.

Log files can be large: every function reads at most a few MiB into memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

Stream = Literal["stdout", "stderr"]

MAX_BYTES = 4 * 1024 * 1024
"""Size limit of one result in bytes."""

BLOCK_BYTES = 64 * 1024
MAX_LINE_BYTES = 64 * 1024
"""Longer lines are split into several lines."""


class LogExcerpt(NamedTuple):
    """Lines between the byte offsets `offset` and `next_offset` of a file of `size` bytes. `truncated`: earlier lines exist."""

    lines: list[str]
    truncated: bool
    offset: int
    next_offset: int
    size: int


class LogMatches(NamedTuple):
    """Matching lines with their numbers (from 1). `truncated`: more lines match."""

    lines: list[tuple[int, str]]
    truncated: bool


def log_file(jobs_dir: Path, job_uid: str, stream: Stream) -> Path:
    """The path of a log file. The file does not exist until the job writes to the stream."""
    return jobs_dir / job_uid / f"{stream}.log"


def read_tail(jobs_dir: Path, job_uid: str, stream: Stream, count: int) -> LogExcerpt:
    """The last `count` lines, at most 4 MiB; empty if there is no log."""
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            size = start = file.seek(0, os.SEEK_END)
            blocks: list[bytes] = []
            newlines = size_read = 0
            while start > 0 and newlines <= count and size_read < MAX_BYTES:
                length = min(BLOCK_BYTES, start)
                start -= length
                file.seek(start)
                blocks.append(file.read(length))
                newlines += blocks[-1].count(b"\n")
                size_read += length
    except FileNotFoundError:
        return LogExcerpt([], False, 0, 0, 0)
    data = b"".join(reversed(blocks))
    lines = data.splitlines(keepends=True)
    if start > 0 and len(lines) > 1:
        lines = lines[1:]  # the first line is incomplete
    kept = lines[-count:]
    offset = size - sum(map(len, kept))
    return LogExcerpt([_text(line) for line in kept], offset > 0, offset, size, size)


def read_bytes(jobs_dir: Path, job_uid: str, stream: Stream, offset: int, length: int) -> LogExcerpt:
    """Up to `length` bytes (at most 4 MiB) from `offset`, cut after the last complete line if there is one."""
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = min(offset, size)
            file.seek(start)
            data = file.read(min(length, MAX_BYTES))
    except FileNotFoundError:
        return LogExcerpt([], False, 0, 0, 0)
    if start + len(data) < size and (end := data.rfind(b"\n")) >= 0:
        data = data[: end + 1]
    lines = [_text(line) for line in data.splitlines(keepends=True)]
    return LogExcerpt(lines, start > 0, start, start + len(data), size)


def read_lines(jobs_dir: Path, job_uid: str, stream: Stream, first: int, count: int) -> LogExcerpt:
    """`count` lines starting at line `first` (counted from 1), at most 4 MiB."""
    lines: list[str] = []
    offset = end = 0
    path = log_file(jobs_dir, job_uid, stream)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(islice(_lines(file), first - 1 + count), 1):
                if number < first:
                    offset = end = end + len(line)
                    continue
                if end - offset + len(line) > MAX_BYTES:
                    break
                end += len(line)
                lines.append(_text(line))
            size = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        return LogExcerpt([], False, 0, 0, 0)
    return LogExcerpt(lines, offset > 0, offset, end, size)


def search(jobs_dir: Path, job_uid: str, stream: Stream, words: str, limit: int) -> LogMatches:
    """The first `limit` lines that contain `words`, ignoring case; at most 4 MiB."""
    needle = words.casefold()
    matches: list[tuple[int, str]] = []
    size_read = 0
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                text = _text(line)
                if needle not in text.casefold():
                    continue
                if len(matches) == limit or size_read + len(line) > MAX_BYTES:
                    return LogMatches(matches, True)
                matches.append((number, text))
                size_read += len(line)
    except FileNotFoundError:
        pass
    return LogMatches(matches, False)


def read_block(jobs_dir: Path, job_uid: str, stream: Stream, offset: int) -> bytes:
    """One block of content from `offset`; empty at the end of the file."""
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            file.seek(offset)
            return file.read(BLOCK_BYTES)
    except FileNotFoundError:
        return b""


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.readline(MAX_LINE_BYTES), b"")


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
