"""The components of a running monitor, which routes receive as a dependency."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from monitor.metrics.ingest.counters import CommitCounters
from monitor.metrics.ingest.sequencer import PointSequencer
from monitor.metrics.ingest.writer import Writer
from monitor.metrics.maintenance.thread import LogMaintenance
from monitor.metrics.series.history_cache import HistoryCache
from monitor.resources.sampler import Sampler
from monitor.training.mode_store import TrainingModeStore
from pegbox.settings import Settings

if TYPE_CHECKING:
    from monitor.live.hub import Hub


@dataclass(slots=True)
class Monitor:
    """The components of a running monitor, created once per process."""

    settings: Settings
    engine: Engine
    writer: Writer
    sequencer: PointSequencer
    histories: HistoryCache
    modes: TrainingModeStore
    sampler: Sampler
    maintenance: LogMaintenance
    hub: Hub
    counters: CommitCounters
    started_at: float = field(default_factory=time.monotonic)

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self.started_at


async def _of_connection(connection: HTTPConnection) -> Monitor:
    monitor: Monitor = connection.app.state.monitor
    return monitor


MonitorDep = Annotated[Monitor, Depends(_of_connection)]
