"""What the monitor's routes work with, made once per process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from sqlalchemy import Engine
from starlette.requests import HTTPConnection

from monitor.metrics.ingest.counters import CommitCounts
from monitor.metrics.ingest.sequencer import Arrivals
from monitor.metrics.ingest.writer import Writer
from monitor.metrics.maintenance.thread import Upkeep
from monitor.metrics.series.history_cache import Histories
from monitor.resources.sampler import Sampler
from monitor.training.mode_store import ModeKeeper
from pegbox.settings import Settings

if TYPE_CHECKING:
    from monitor.live.hub import Hub


@dataclass(slots=True)
class Monitor:
    """The parts of a running monitor."""

    settings: Settings
    engine: Engine
    writer: Writer
    arrivals: Arrivals
    histories: Histories
    modes: ModeKeeper
    sampler: Sampler
    upkeep: Upkeep
    hub: Hub
    counts: CommitCounts
    started_at: float = field(default_factory=time.monotonic)

    @property
    def uptime_seconds(self) -> float:
        return time.monotonic() - self.started_at


async def _of_connection(connection: HTTPConnection) -> Monitor:
    monitor: Monitor = connection.app.state.monitor
    return monitor


MonitorDep = Annotated[Monitor, Depends(_of_connection)]
