"""Readings of this process through psutil: memory, processor time, threads, open files."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class ProcessReading:
    """This process at one moment. Bytes of resident memory, seconds of processor time, Unix seconds of its start."""

    resident_memory: int
    cpu_seconds: float
    started_at: float
    threads: int
    open_files: int | None
    """File descriptors; `None` on Windows."""


def read_process() -> ProcessReading:
    """One reading of the calling process."""
    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        return ProcessReading(
            resident_memory=process.memory_info().rss,
            cpu_seconds=times.user + times.system,
            started_at=process.create_time(),
            threads=process.num_threads(),
            open_files=process.num_fds() if hasattr(process, "num_fds") else None,
        )
