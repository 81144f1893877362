"""Wakes claims that wait for a job, after each commit that changes the set of jobs or their states."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from sqlalchemy import Engine, event, inspect
from sqlmodel import Session

from pegbox.store.tables import Job

_CHANGED = "job_states_changed"


class JobNotifier:
    """Wakes waiting claims when a transaction that creates, deletes or moves a job commits, in any session of the engine.

    Create the notifier in the event loop that serves the claims.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._listeners = (
            ("after_flush", self._record_changes),
            ("after_commit", self._wake_after_commit),
            ("after_rollback", self._discard_changes),
        )
        for name, listener in self._listeners:
            event.listen(Session, name, listener)

    def close(self) -> None:
        """Stops listening."""
        for name, listener in self._listeners:
            event.remove(Session, name, listener)

    def next_wake(self) -> asyncio.Event:
        """The event of the next wake-up. Take the event before looking for work, so that no wake-up is missed in between."""
        return self._event

    def wake(self) -> None:
        """Wakes all waiting claims. Thread-safe."""
        with contextlib.suppress(RuntimeError):  # the event loop is closed, and no claim waits
            self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        current, self._event = self._event, asyncio.Event()
        current.set()

    def _record_changes(self, db: Session, _flush: object) -> None:
        if any(isinstance(row, Job) for row in (*db.new, *db.deleted)) or any(
            isinstance(row, Job) and _has_new_state(row) for row in db.dirty
        ):
            db.info[_CHANGED] = True

    def _wake_after_commit(self, db: Session) -> None:
        if db.get_bind() is self._engine and db.info.pop(_CHANGED, False):
            self.wake()

    def _discard_changes(self, db: Session) -> None:
        db.info.pop(_CHANGED, None)


def _has_new_state(job: Job) -> bool:
    state: Any = inspect(job)
    return bool(state.attrs.state.history.has_changes())
