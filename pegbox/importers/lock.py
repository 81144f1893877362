"""One import at a time on a data folder: two that read the same growing file would cut it at different places."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pegbox.errors import ConflictError


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Raises `ConflictError` while another process imports. The end of a process, however it comes, lets the next one in."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "import.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError("Another import is running; what it brings need not be brought again") from None
        yield
