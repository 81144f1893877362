"""Allows one import at a time per data folder: concurrent imports of a growing file would divide it into different batches."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pegbox.errors import ConflictError


@contextmanager
def import_lock(home: Path) -> Iterator[None]:
    """Holds the lock. Raises `ConflictError` while another process holds it. The lock ends with the process."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "import.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError("Another import is running; what it brings need not be brought again") from None
        yield
