"""The backend as one application: what it opens, what it answers, in reading order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from anyio import CapacityLimiter
from fastapi import FastAPI

from backend.accounts import routes as accounts
from backend.accounts import token_routes as api_tokens
from backend.accounts import user_routes as users
from backend.accounts.sign_in_context import SignInContext
from backend.audit import routes as audit
from backend.audit.trail import AuditTrail
from backend.body_limit import BodyLimitMiddleware
from backend.datasets import routes as datasets
from backend.datasets.versions import routes as dataset_versions
from backend.experiments import routes as experiments
from backend.health import routes as health
from backend.housekeeping import sweep_for_ever
from backend.hyperparameters import routes as hyperparameters
from backend.jobs import log_routes as job_logs
from backend.jobs import routes as jobs
from backend.models import routes as models
from backend.models.catalogue import seed_catalogue
from backend.models.hub import ModelHub
from backend.models.inference_process import InferenceProcess
from backend.pages import routes as pages
from backend.prometheus import routes as prometheus
from backend.queue import routes as queue
from backend.queue.notifier import JobNotifier
from backend.queue.service import renew_leases
from backend.resources import routes as resources
from backend.streams import routes as streams
from backend.streams.relay import MonitorRelay
from backend.uploads import routes as uploads
from backend.workers import routes as workers
from backend.workers.departures import Departures
from backend.workflow import routes as workflow
from backend.workflow.service import seed_session
from pegbox import __version__
from pegbox.hardware.gpu import ReadGpus, read_gpus
from pegbox.hardware.host import HostReader
from pegbox.settings import Settings
from pegbox.store.database import open_engine, open_session, upgrade
from pegbox.web import service
from pegbox.web.access.identities import Identities, has_active_users

CSV_THREADS = 2
"""Files read at the same time; further uploads wait without holding up other requests."""


def create_app(settings: Settings, *, gpus: ReadGpus = read_gpus) -> FastAPI:
    """The main API on `settings.port`, with the dashboard pages. `gpus` reads the GPUs when the monitor has no recent sample."""
    app = FastAPI(
        title="Pegbox",
        summary="Datasets, models, jobs and the queue of a Pegbox.",
        version=__version__,
        lifespan=_lifespan,
        openapi_url=None,
    )
    app.state.settings = settings
    app.state.read_gpus = gpus
    app.add_middleware(BodyLimitMiddleware)
    service.install(app, settings)
    app.add_middleware(AuditTrail)
    service.count_requests(app)
    # A request is held against all routes in this order, so what is asked for again and again comes first.
    for feature in (queue, workers, jobs, job_logs, streams, experiments):
        app.include_router(feature.router)
    pages.install(app)
    for feature in (
        *(health, datasets, dataset_versions, uploads, models, hyperparameters, workflow),
        *(resources, prometheus, accounts, users, api_tokens, audit),
    ):
        app.include_router(feature.router)
    return app


def from_environment() -> FastAPI:
    """For `uvicorn --factory backend.app:from_environment`."""
    return create_app(Settings())


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    engine = open_engine(settings)
    upgrade(engine, settings)
    service.require_credentials_when_exposed(settings, has_active_users=has_active_users(engine))
    settings.datasets_dir.mkdir(parents=True, exist_ok=True)
    with open_session(engine) as db:
        seed_catalogue(db)
        seed_session(db)
        renew_leases(db, settings)
    app.state.engine = engine
    app.state.identities = Identities(engine)
    app.state.sign_in_context = SignInContext(app.state.guard.authenticator, app.state.identities)
    app.state.hub = ModelHub(settings)
    app.state.inference_process = InferenceProcess()
    notifier = app.state.notifier = JobNotifier(engine)
    app.state.departures = Departures(notifier.wake)
    app.state.relay = MonitorRelay(settings)
    app.state.csv_threads = CapacityLimiter(CSV_THREADS)
    app.state.host = HostReader(settings.home)
    sweeper = app.state.sweeper = asyncio.create_task(sweep_for_ever(app, engine, settings))
    try:
        yield
    finally:
        sweeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeper
        await app.state.inference_process.close()
        await app.state.relay.close()
        app.state.hub.close()
        notifier.close()
        engine.dispose()
