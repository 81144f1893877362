"""Startup and shutdown of the monitor: database, writer, sampler, maintenance, hub."""

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
from monitor.live.training_messages import TrainingMessages
from monitor.metrics.ingest.counters import CommitCounters
from monitor.metrics.ingest.sequencer import PointSequencer
from monitor.metrics.ingest.writer import Writer
from monitor.metrics.log.store import LoggedBatch, next_seq
from monitor.metrics.maintenance.thread import LogMaintenance
from monitor.metrics.series.history_cache import HistoryCache
from monitor.resources.sampler import MachineSample, Sampler
from monitor.training.mode_store import TrainingModeStore
from pegbox.hardware.gpu import ReadGpus
from pegbox.hardware.host import HostReader
from pegbox.settings import Settings
from pegbox.store.database import open_engine, upgrade
from pegbox.web.access.identities import USES_SECONDS, Identities, has_active_users
from pegbox.web.service import require_credentials_when_exposed

log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Starts the components in order and stops them in reverse; the writer commits accepted batches before it stops."""
    settings: Settings = app.state.settings
    engine = open_engine(settings)
    upgrade(engine, settings)
    require_credentials_when_exposed(settings, has_active_users=has_active_users(engine))
    app.state.identities = Identities(engine)
    monitor = _assemble(settings, engine, asyncio.get_running_loop(), app.state.read_gpus)
    app.state.monitor = monitor
    monitor.writer.start()
    monitor.sampler.start()
    monitor.maintenance.start()
    uses = asyncio.create_task(_record_uses(app.state.identities))
    try:
        yield
    finally:
        uses.cancel()
        await monitor.hub.close()
        await asyncio.to_thread(monitor.maintenance.stop)
        await asyncio.to_thread(monitor.sampler.stop)
        await asyncio.to_thread(monitor.writer.stop)
        await asyncio.to_thread(app.state.identities.record_uses)
        engine.dispose()


async def _record_uses(identities: Identities) -> None:
    """Records uses of tokens until cancelled. Logs a failed round (a locked database); the next round records its uses."""
    while True:
        await asyncio.sleep(USES_SECONDS)
        try:
            await asyncio.to_thread(identities.record_uses)
        except Exception:
            log.exception("uses of tokens could not be recorded")


def _assemble(settings: Settings, engine: Engine, loop: asyncio.AbstractEventLoop, read_gpus: ReadGpus) -> Monitor:
    histories = HistoryCache(engine)
    counters = CommitCounters()

    def on_commit(batches: list[LoggedBatch]) -> None:
        for batch in batches:
            histories.apply_commit(batch)
        counters.add(batches)
        maintenance.notify_commit()
        with contextlib.suppress(RuntimeError):  # the loop is closed: there are no viewers left
            loop.call_soon_threadsafe(monitor.hub.committed, batches)

    def on_sample(sample: MachineSample) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(monitor.hub.sampled, sample)

    writer = Writer(engine, on_commit)
    maintenance = LogMaintenance(engine, writer, histories, settings.raw_days)
    host = HostReader(settings.home)
    sampler = Sampler(writer, host, settings.sample_interval_seconds, gpus=read_gpus, on_sample=on_sample)
    modes = TrainingModeStore(engine, writer)
    messages = TrainingMessages(histories, sampler, lambda: modes.window.mode)
    with engine.connect() as connection:
        last_seq = next_seq(connection) - 1
    hub = Hub(engine, histories, messages, last_seq)
    monitor = Monitor(
        settings, engine, writer, PointSequencer(writer), histories, modes, sampler, maintenance, hub, counters
    )
    return monitor
