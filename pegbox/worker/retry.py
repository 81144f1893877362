"""When and how fast the worker repeats a request to the backend."""

from __future__ import annotations

from pegbox.errors import PegboxError

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Delays after the first, second, … failure in a row; the last delay repeats."""


def is_retryable(error: PegboxError) -> bool:
    """Whether the fault is on the side of the backend (unreachable, starting, broken), so that a later request may succeed."""
    return error.status >= 500


def retry_delay(failures: int) -> float:
    """Seconds to wait after `failures` (at least 1) failures in a row."""
    return RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
