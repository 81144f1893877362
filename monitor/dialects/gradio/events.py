"""Results that wait for the second request of a call in two steps."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

MAX_EVENTS = 1_000
MAX_BYTES = 64 << 20
KEPT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Event:
    """The result of a call of `api_name`; `data` is JSON."""

    api_name: str
    is_success: bool
    data: bytes


class PendingEvents:
    """Holds events, limited by number, bytes and age; the oldest are dropped first. Each event is returned once. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: OrderedDict[str, tuple[float, Event]] = OrderedDict()
        self._bytes = 0

    def add(self, event: Event) -> str:
        """Stores an event and returns its id."""
        event_id = secrets.token_urlsafe(16)
        with self._lock:
            self._events[event_id] = (time.monotonic(), event)
            self._bytes += len(event.data)
            while len(self._events) > 1 and self._exceeds_limits():
                self._drop(next(iter(self._events)))
        return event_id

    def take(self, event_id: str, api_name: str) -> Event | None:
        """Removes and returns an event; None for an unknown id or another function's event."""
        with self._lock:
            while self._events and self._is_old():
                self._drop(next(iter(self._events)))
            entry = self._events.get(event_id)
            if entry is None or entry[1].api_name != api_name:
                return None
            self._drop(event_id)
            return entry[1]

    def _exceeds_limits(self) -> bool:
        return len(self._events) > MAX_EVENTS or self._bytes > MAX_BYTES or self._is_old()

    def _is_old(self) -> bool:
        return next(iter(self._events.values()))[0] < time.monotonic() - KEPT_SECONDS

    def _drop(self, event_id: str) -> None:
        self._bytes -= len(self._events.pop(event_id)[1].data)
