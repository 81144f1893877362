"""Workers that are stopping. Their waiting claims get no job."""

from __future__ import annotations

from collections.abc import Callable

MAX_IDS = 1000


class Departures:
    """The ids of stopping workers. Only the newest ids are kept: ids are never reused, and claims wait for a limited time."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._ids: dict[str, None] = {}
        self._wake = wake

    def add(self, worker_id: str) -> None:
        """Adds a worker and wakes all waiting claims."""
        self._ids[worker_id] = None
        while len(self._ids) > MAX_IDS:
            self._ids.pop(next(iter(self._ids)))
        self._wake()

    def __contains__(self, worker_id: str) -> bool:
        return worker_id in self._ids
