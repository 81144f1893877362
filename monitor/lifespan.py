"""Start and stop of the monitor: database, writer, sampler, hub."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import Engine

from monitor.context import Monitor
from monitor.live.hub import Hub
from monitor.live.messages import TrainingMessages
from monitor.metrics.ingest.arrivals import Arrivals
from monitor.metrics.log.counts import CommitCounts
from monitor.metrics.log.maintenance import Upkeep
from monitor.metrics.log.store import LoggedBatch, next_seq
from monitor.metrics.log.writer import Writer
from monitor.metrics.series.histories import Histories
from monitor.resources.sampler import Sample, Sampler
from monitor.training.mode import ModeKeeper
from pegbox.hardware.host import HostReader
from pegbox.settings import Settings
from pegbox.store.database import open_engine, upgrade
from pegbox.web.access.identities import USES_SECONDS, Identities, has_active_users
from pegbox.web.service import require_credentials_when_exposed

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens everything in order, closes it in reverse; the writer finishes what it has accepted."""
    settings: Settings = app.state.settings
    engine = open_engine(settings)
    upgrade(engine, settings)
    require_credentials_when_exposed(settings, has_active_users=has_active_users(engine))
    app.state.identities = Identities(engine)
    monitor = _assemble(settings, engine, asyncio.get_running_loop())
    app.state.monitor = monitor
    monitor.writer.start()
    monitor.sampler.start()
    monitor.upkeep.start()
    uses = asyncio.create_task(_record_uses(app.state.identities))
    try:
        yield
    finally:
        uses.cancel()
        await monitor.hub.close()
        await asyncio.to_thread(monitor.upkeep.stop)
        await asyncio.to_thread(monitor.sampler.stop)
        await asyncio.to_thread(monitor.writer.stop)
        await asyncio.to_thread(app.state.identities.record_uses)
        engine.dispose()


async def _record_uses(identities: Identities) -> None:
    """Until cancelled. A failed round (a locked database) is logged; later uses are recorded by the next one."""
    while True:
        await asyncio.sleep(USES_SECONDS)
        try:
            await asyncio.to_thread(identities.record_uses)
        except Exception:
            log.exception("uses of tokens could not be recorded")


def _assemble(settings: Settings, engine: Engine, loop: asyncio.AbstractEventLoop) -> Monitor:
    histories = Histories(engine)
    counts = CommitCounts()

    def on_commit(batches: list[LoggedBatch]) -> None:
        for batch in batches:
            histories.committed(batch)
        counts.committed(batches)
        upkeep.committed()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody watches any more
            loop.call_soon_threadsafe(monitor.hub.committed, batches)

    def on_sample(sample: Sample) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(monitor.hub.sampled, sample)

    writer = Writer(engine, on_commit)
    upkeep = Upkeep(engine, writer, histories, settings.raw_days)
    host = HostReader(settings.home)
    sampler = Sampler(writer, host, settings.sample_interval_seconds, on_sample=on_sample)
    modes = ModeKeeper(engine, writer)
    messages = TrainingMessages(histories, sampler, lambda: modes.view.mode)
    with engine.connect() as connection:
        last_seq = next_seq(connection) - 1
    hub = Hub(engine, histories, messages, last_seq)
    monitor = Monitor(settings, engine, writer, Arrivals(writer), histories, modes, sampler, upkeep, hub, counts)
    return monitor
