"""The housekeeping that runs beside the requests: expired leases every second, uses of tokens every minute, what is to be forgotten
every hour."""

from __future__ import annotations

import asyncio
import logging

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from backend.audit.service import forget_older_than
from backend.datasets.service import clean_up
from backend.queue.service import sweep_leases
from backend.uploads.service import delete_expired_uploads
from backend.workers.service import delete_old_workers
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.web.access.identities import USES_SECONDS

log = logging.getLogger(__name__)

LEASE_SECONDS = 1.0
FORGET_SECONDS = 3600.0


async def sweep_for_ever(app: FastAPI, engine: Engine, settings: Settings) -> None:
    """Runs until cancelled; a failed round (a locked database) is logged and the next one tries again."""
    loop = asyncio.get_running_loop()
    forgetting_due = uses_due = loop.time()
    while True:
        try:
            await run_in_threadpool(_sweep_leases, engine, settings)
            if loop.time() >= uses_due:
                await run_in_threadpool(app.state.identities.record_uses)
                uses_due = loop.time() + USES_SECONDS
            if loop.time() >= forgetting_due:
                await run_in_threadpool(_forget, engine, settings)
                forgetting_due = loop.time() + FORGET_SECONDS
        except Exception:
            log.exception("housekeeping failed; it is tried again")
        await asyncio.sleep(LEASE_SECONDS)


def _sweep_leases(engine: Engine, settings: Settings) -> None:
    with open_session(engine) as db:
        sweep_leases(db, settings)


def _forget(engine: Engine, settings: Settings) -> None:
    with open_session(engine) as db:
        clean_up(db, settings)
        delete_expired_uploads(db, settings)
        delete_old_workers(db)
        forget_older_than(db, settings.audit_days)
