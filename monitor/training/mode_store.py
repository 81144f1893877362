"""The training mode: which kind of training the monitor looks at, and since when. It never touches a training."""

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
class View:
    """Records up to `since_seq` and samples up to `since_time` (Unix seconds) lie before the view window."""

    mode: Mode
    since_seq: int
    since_time: float


class ModeKeeper:
    """Reads the mode once; changes it through the writer."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._writer = writer
        with engine.connect() as connection:
            row = connection.execute(select(_mode)).first()
        self._view = View("manual", 0, 0.0) if row is None else View(row.mode, row.since_seq, row.since_time)

    @property
    def view(self) -> View:
        """The present mode and window."""
        return self._view

    def switch(self, mode: Mode) -> View:
        """Looks at the other kind of training, with an empty window."""

        def operation(connection: Connection) -> View:
            view = View(mode, next_seq(connection) - 1, time.time())
            connection.execute(delete(_mode))
            connection.execute(
                insert(_mode).values(id=1, mode=mode, since_seq=view.since_seq, since_time=view.since_time)
            )
            return view

        self._view = self._writer.call(operation)
        return self._view
