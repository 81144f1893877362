"""Workers that have said that they stop, so that their waiting claims are given nothing more."""

from __future__ import annotations

MOST = 1000


class Departures:
    """Remembers the last ones only: ids are never used again, and no claim waits for long."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def note(self, worker_id: str) -> None:
        self._ids[worker_id] = None
        while len(self._ids) > MOST:
            self._ids.pop(next(iter(self._ids)))

    def __contains__(self, worker_id: str) -> bool:
        return worker_id in self._ids
