"""The training mode: which kind of training the monitor shows, and since when. Never affects a training."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select

from monitor.metrics.ingest.writer import Writer
from monitor.metrics.log.store import next_seq
from pegbox.schemas.runs.training import Mode
from pegbox.store.tables import TrainingMode

_mode = TrainingMode.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class ViewWindow:
    """The mode and its view window: records after `since_seq`, samples after `since_time` (Unix seconds)."""

    mode: Mode
    since_seq: int
    since_time: float


class TrainingModeStore:
    """Caches the training mode; changes it through the writer."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._writer = writer
        with engine.connect() as connection:
            row = connection.execute(select(_mode)).first()
        self._window = (
            ViewWindow("manual", 0, 0.0) if row is None else ViewWindow(row.mode, row.since_seq, row.since_time)
        )

    @property
    def window(self) -> ViewWindow:
        """The current mode and window."""
        return self._window

    def switch(self, mode: Mode) -> ViewWindow:
        """Changes the mode and starts an empty window."""

        def operation(connection: Connection) -> ViewWindow:
            window = ViewWindow(mode, next_seq(connection) - 1, time.time())
            connection.execute(delete(_mode))
            connection.execute(
                insert(_mode).values(id=1, mode=mode, since_seq=window.since_seq, since_time=window.since_time)
            )
            return window

        self._window = self._writer.call(operation)
        return self._window
