"""The messages of `/ws/training/{job_id}`: training records, each with a resource sample."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from monitor.live.snapshot import Snapshot
from monitor.metrics.series.history_cache import HistoryCache
from monitor.resources.sampler import Sampler
from monitor.resources.views import resource_numbers
from monitor.training.records import TrainingRecord, newest_records, next_records
from pegbox.schemas.runs.training import Mode, TrainingMessage

PAGE = 500


class TrainingMessages:
    """Blocking, since it reads histories: call in a thread, not on the event loop."""

    def __init__(self, histories: HistoryCache, sampler: Sampler, mode: Callable[[], Mode]) -> None:
        self._histories = histories
        self._sampler = sampler
        self._mode = mode

    def after(self, run_id: str, snapshot: Snapshot, after: int, until: int) -> list[str]:
        """Returns messages with `after < seq <= until`, in cursor order."""
        texts: list[str] = []
        while True:
            with self._histories.reading(run_id) as history:
                records = next_records(history, snapshot.plan, PAGE, after=after)
            texts.extend(self._text(record, snapshot) for record in records if record.seq <= until)
            if len(records) < PAGE or records[-1].seq >= until:
                return texts
            after = records[-1].seq

    def newest(self, run_id: str, snapshot: Snapshot, until: int) -> list[str]:
        """Returns the message of the newest record, so that a new viewer need not wait for the next record."""
        with self._histories.reading(run_id) as history:
            records = newest_records(history, snapshot.plan, 1, with_metrics=True)
        return [self._text(record, snapshot) for record in records if record.seq <= until]

    def _text(self, record: TrainingRecord, snapshot: Snapshot) -> str:
        sample = self._sampler.at(record.time)
        message = TrainingMessage(
            job_id=snapshot.job_id,
            timestamp=datetime.fromtimestamp(record.time, UTC),
            training_mode=self._mode(),
            is_completed=snapshot.is_over,
            training=record.loss,
            resources=resource_numbers(sample),
            iteration=record.loss.iteration,
            total=record.total,
            seq=record.seq,
            status=snapshot.state,
            metrics=record.metrics,
        )
        return message.model_dump_json()
