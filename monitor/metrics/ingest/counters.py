"""How much has been committed since the start."""

from __future__ import annotations

from monitor.metrics.log.store import LoggedBatch


class CommitCounts:
    """Written by the writer's thread alone, read by any."""

    def __init__(self) -> None:
        self.commits = 0
        self.batches = 0
        self.points = 0
        self.records = 0
        """Sample sets, events and media: what is not a point."""

    def committed(self, batches: list[LoggedBatch]) -> None:
        """The batches of one commit."""
        self.commits += 1
        self.batches += len(batches)
        for batch in batches:
            self.points += len(batch.columns)
            self.records += batch.count - len(batch.columns)
