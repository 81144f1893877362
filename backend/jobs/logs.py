"""A job's two log files: the end, a range, the lines with certain words, and what is still being written.

Files may be huge: nothing here holds more than a few MiB of one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

Stream = Literal["stdout", "stderr"]

MAX_BYTES = 4 * 1024 * 1024
"""Most that one answer holds, whatever was asked for."""

BLOCK = 64 * 1024
LONGEST_LINE = 64 * 1024
"""A longer line counts as several."""


class Piece(NamedTuple):
    """Whole lines from `offset` up to `next_offset` of a file of `size` bytes; `truncated`: there are earlier ones."""

    lines: list[str]
    truncated: bool
    offset: int
    next_offset: int
    size: int


class Found(NamedTuple):
    """Lines by number (from 1), and whether there are more of them."""

    lines: list[tuple[int, str]]
    truncated: bool


def log_file(jobs_dir: Path, job_uid: str, stream: Stream) -> Path:
    """Where the stream is kept; the file is missing until the job writes something."""
    return jobs_dir / job_uid / f"{stream}.log"


def read_tail(jobs_dir: Path, job_uid: str, stream: Stream, count: int) -> Piece:
    """The last `count` lines, at most 4 MiB of them; nothing when the job has not written any."""
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            size = start = file.seek(0, os.SEEK_END)
            blocks: list[bytes] = []
            breaks = held = 0
            while start > 0 and breaks <= count and held < MAX_BYTES:
                length = min(BLOCK, start)
                start -= length
                file.seek(start)
                blocks.append(file.read(length))
                breaks += blocks[-1].count(b"\n")
                held += length
    except FileNotFoundError:
        return Piece([], False, 0, 0, 0)
    data = b"".join(reversed(blocks))
    lines = data.splitlines(keepends=True)
    if start > 0 and len(lines) > 1:
        lines = lines[1:]  # its beginning lies before what was read
    kept = lines[-count:]
    offset = size - sum(map(len, kept))
    return Piece([_text(line) for line in kept], offset > 0, offset, size, size)


def read_bytes(jobs_dir: Path, job_uid: str, stream: Stream, offset: int, length: int) -> Piece:
    """Up to `length` bytes (4 MiB at most) from `offset` on; ends with a whole line where there is one."""
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            begin = min(offset, size)
            file.seek(begin)
            data = file.read(min(length, MAX_BYTES))
    except FileNotFoundError:
        return Piece([], False, 0, 0, 0)
    if begin + len(data) < size and (end := data.rfind(b"\n")) >= 0:
        data = data[: end + 1]
    lines = [_text(line) for line in data.splitlines(keepends=True)]
    return Piece(lines, begin > 0, begin, begin + len(data), size)


def read_lines(jobs_dir: Path, job_uid: str, stream: Stream, first: int, count: int) -> Piece:
    """`count` lines from line `first` (from 1) on, at most 4 MiB of them."""
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
        return Piece([], False, 0, 0, 0)
    return Piece(lines, offset > 0, offset, end, size)


def search(jobs_dir: Path, job_uid: str, stream: Stream, words: str, limit: int) -> Found:
    """The first `limit` lines that contain the words, upper and lower case alike."""
    wanted = words.casefold()
    found: list[tuple[int, str]] = []
    held = 0
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                text = _text(line)
                if wanted not in text.casefold():
                    continue
                if len(found) == limit or held + len(line) > MAX_BYTES:
                    return Found(found, True)
                found.append((number, text))
                held += len(line)
    except FileNotFoundError:
        pass
    return Found(found, False)


def read_on(jobs_dir: Path, job_uid: str, stream: Stream, offset: int) -> bytes:
    """What was written after `offset`, a block of it; empty when there is nothing yet."""
    try:
        with log_file(jobs_dir, job_uid, stream).open("rb") as file:
            file.seek(offset)
            return file.read(BLOCK)
    except FileNotFoundError:
        return b""


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.readline(LONGEST_LINE), b"")


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
