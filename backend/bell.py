"""Wakes the workers that wait for a job, so that a job starts the moment it is queued."""

from __future__ import annotations

import asyncio
import contextlib

from fastapi import FastAPI


class Bell:
    """Rung from any thread; every waiter of that moment wakes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._wake)

    def listen(self) -> asyncio.Event:
        """The next ring. Take it before looking for work: a ring in between is not lost then."""
        return self._event

    def _wake(self) -> None:
        ringing, self._event = self._event, asyncio.Event()
        ringing.set()


def ring(app: FastAPI) -> None:
    """Something may have been queued."""
    bell: Bell = app.state.bell
    bell.ring()
