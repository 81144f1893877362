"""Counters of what has been committed since the monitor started, for Prometheus."""

from __future__ import annotations

from monitor.metrics.log.store import LoggedBatch


class CommitCounters:
    """Updated by the writer thread only; any thread may read."""

    def __init__(self) -> None:
        self.commits = 0
        self.batches = 0
        self.points = 0
        self.records = 0
        """Sample sets, events and media; points are counted separately."""

    def add(self, batches: list[LoggedBatch]) -> None:
        """Counts the batches of one commit."""
        self.commits += 1
        self.batches += len(batches)
        for batch in batches:
            self.points += len(batch.columns)
            self.records += batch.count - len(batch.columns)
