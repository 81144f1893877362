"""The end of a job's log files, read backwards so that a huge file costs no more than its last lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple

MAX_BYTES = 4 * 1024 * 1024
BLOCK = 64 * 1024


class Tail(NamedTuple):
    """The last lines, and whether there are earlier ones."""

    lines: list[str]
    truncated: bool


def read_tail(jobs_dir: Path, job_uid: str, stream: Literal["stdout", "stderr"], count: int) -> Tail:
    """The last `count` lines, at most 4 MiB of them; nothing when the job has not written any."""
    try:
        with (jobs_dir / job_uid / f"{stream}.log").open("rb") as file:
            start = file.seek(0, os.SEEK_END)
            data = b""
            while start > 0 and data.count(b"\n") <= count and len(data) < MAX_BYTES:
                size = min(BLOCK, start)
                start -= size
                file.seek(start)
                data = file.read(size) + data
    except FileNotFoundError:
        return Tail([], False)
    lines = data.decode("utf-8", "replace").splitlines()
    if start > 0 and len(lines) > 1:
        lines = lines[1:]  # its beginning lies before what was read
    return Tail(lines[-count:], start > 0 or len(lines) > count)
