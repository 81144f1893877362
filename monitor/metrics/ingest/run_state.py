"""The fields of the run row that derive from its points, cached by the writer and written back periodically.

After a crash, batches after `last_seq` are applied again from the log.
"""

from __future__ import annotations

import math
import time
from typing import Any

from sqlalchemy import Connection, select, update

from monitor.metrics.log import store
from monitor.metrics.log.columns import Columns
from monitor.metrics.log.nonfinite import json_number
from pegbox.errors import NotFoundError
from pegbox.schemas.runs.metric_names import BEST_SO_FAR
from pegbox.store.tables import Run, now

BEST_OF = "validation_loss"
_run = Run.__table__  # type: ignore[attr-defined]


class RunState:
    """Not thread-safe: used by the writer thread only."""

    def __init__(self, run_id: str, summary: dict[str, Any], last_step: int | None, last_epoch: float | None) -> None:
        self.run_id = run_id
        self.summary = summary
        self.last_step = last_step
        self.last_epoch = last_epoch
        self.record_count = 0
        self.last_seq = 0
        self.is_dirty = False
        self.written_at = 0.0

    @classmethod
    def load(cls, connection: Connection, run_id: str) -> RunState:
        """Reads the run row and applies the batches after its `last_seq`. Raises `NotFoundError`."""
        row = connection.execute(
            select(_run.c.summary, _run.c.last_step, _run.c.last_epoch, _run.c.record_count, _run.c.last_seq).where(
                _run.c.id == run_id
            )
        ).first()
        if row is None:
            raise NotFoundError(f"Run not found: {run_id}")
        state = cls(run_id, dict(row.summary), row.last_step, row.last_epoch)
        state.record_count, state.last_seq = row.record_count, row.last_seq
        for batch in store.read_batches(connection, run_id, after=row.last_seq):
            if batch.rewind_to is not None:
                state.rebuild(connection)
                break
            state.apply(batch.columns, batch.last_seq)
        return state

    def apply(self, columns: Columns, last_seq: int) -> None:
        """Applies the next batch of the log. A batch with a rewind needs `rebuild` instead."""
        self.last_seq = last_seq
        self.is_dirty = True
        count = len(columns)
        if not count:
            return
        self.record_count += count
        highest = max(columns.steps)
        if self.last_step is None or highest >= self.last_step:
            self.last_step = highest
            newest = count - 1 - columns.steps[::-1].index(highest)
            epoch = columns.epochs[newest]
            self.last_epoch = self.last_epoch if math.isnan(epoch) else epoch
        for name, column in columns.metrics.items():
            value = column.last()
            if value is not None:
                self.summary[name] = json_number(value)
        validation = columns.metrics.get(BEST_OF)
        if validation is not None:
            for index in range(count):
                value = validation.get(index)
                if value is not None:
                    self._update_best(value, columns.steps[index])

    def _update_best(self, value: float, step: int) -> None:
        best = self.summary.get("best_validation_loss")
        if math.isfinite(value) and (not isinstance(best, int | float) or value < best):
            self.summary["best_validation_loss"] = value
            self.summary["best_step"] = step

    def rebuild(self, connection: Connection, rewind_to: int | None = None) -> None:
        """Recomputes all fields from the whole log, without steps above `rewind_to` if given."""
        from monitor.metrics.series.history import RunHistory  # noqa: PLC0415 - NumPy, which an idle monitor never loads

        history = RunHistory(self.run_id)
        for batch in store.read_batches(connection, self.run_id):
            history.apply(batch.first_seq, batch.last_seq, batch.columns, batch.rewind_to, batch.seqs)
        if rewind_to is not None:
            history.rewind(rewind_to)
        for name in BEST_SO_FAR:
            self.summary.pop(name, None)
        self.summary.update({name: json_number(value) for name, value in history.last_values().items()})
        validation = history.series(BEST_OF)
        if validation is not None:
            for step, value in zip(validation.steps.tolist(), validation.values.tolist(), strict=True):
                self._update_best(value, step)
        self.record_count, self.last_step, self.last_epoch = history.record_count, history.last_step, history.last_epoch
        self.last_seq = history.last_seq
        self.is_dirty = True

    def write(self, connection: Connection) -> None:
        """Updates the run row."""
        connection.execute(
            update(_run)
            .where(_run.c.id == self.run_id)
            .values(
                summary=self.summary,
                last_step=self.last_step,
                last_epoch=self.last_epoch,
                record_count=self.record_count,
                last_seq=self.last_seq,
                updated_at=now(),
            )
        )
        self.is_dirty = False
        self.written_at = time.monotonic()
