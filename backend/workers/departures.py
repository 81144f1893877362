"""Workers that are stopping: their waiting claims get no more jobs."""

from __future__ import annotations

from collections.abc import Callable

MOST = 1000


class Departures:
    """Keeps the newest ids only: ids are never reused, and no claim waits for long."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._ids: dict[str, None] = {}
        self._wake = wake

    def note(self, worker_id: str) -> None:
        """Remembers the worker, and wakes its waiting claims."""
        self._ids[worker_id] = None
        while len(self._ids) > MOST:
            self._ids.pop(next(iter(self._ids)))
        self._wake()

    def __contains__(self, worker_id: str) -> bool:
        return worker_id in self._ids
