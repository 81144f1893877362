"""The monitor's FastAPI application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

import pegbox
from monitor.artifacts.routes import router as artifacts
from monitor.dialects.aspara.reference import router as aspara_reference
from monitor.dialects.aspara.routes import include_in as include_aspara
from monitor.dialects.gradio.events import PendingEvents
from monitor.dialects.gradio.queue import router as gradio_queue
from monitor.dialects.gradio.routes import router as gradio
from monitor.dialects.gradio.sessions import Sessions
from monitor.dialects.trackio.routes import calls as trackio_calls
from monitor.dialects.trackio.routes import router as trackio
from monitor.dialects.uploads import Uploads
from monitor.health import router as health
from monitor.lifespan import lifespan
from monitor.live.job_stream import router as job_stream
from monitor.live.long_poll import router as feed
from monitor.live.multiplex import router as multiplex
from monitor.live.sse import router as server_events
from monitor.live.websocket import router as websocket
from monitor.metrics.ingest.fast_path import BatchFastPath
from monitor.metrics.routes import plain as ingest
from monitor.metrics.routes import router as metrics
from monitor.prometheus import router as prometheus
from monitor.resources.routes import router as resources
from monitor.runs.routes import router as runs
from monitor.training.routes import router as training
from pegbox.hardware.gpu import ReadGpus, read_gpus
from pegbox.schemas.runs.metric import BatchCreate
from pegbox.settings import Settings
from pegbox.web import service

BATCH = "#/components/schemas/{model}"


class MonitorApp(FastAPI):
    """Adds the schema of batches to the OpenAPI document, since FastAPI does not parse their bodies."""

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            document = super().openapi()
            schema = BatchCreate.model_json_schema(ref_template=BATCH)
            schemas = document["components"]["schemas"]
            for name, definition in schema.pop("$defs", {}).items():
                schemas.setdefault(name, definition)
            schemas["BatchCreate"] = schema
        return super().openapi()


def create_app(settings: Settings, *, gpus: ReadGpus = read_gpus) -> FastAPI:
    """Creates the monitor. Its lifespan opens the database; `gpus` reads the GPUs for resource samples."""
    app = MonitorApp(
        title="Pegbox Training Monitor",
        version=pegbox.__version__,
        description="What happens: runs, metric points, resource samples, live streams.",
        lifespan=lifespan,
        openapi_url=None,
    )
    app.state.settings = settings
    app.state.read_gpus = gpus
    app.state.uploads = Uploads()
    app.state.gradio_events = PendingEvents()
    app.state.gradio_sessions = Sessions()
    guard = service.install(app, settings, accepts_foreign_tokens=True)
    app.add_middleware(BatchFastPath, guard=guard)
    service.count_requests(app)
    app.include_router(training)
    app.include_router(health)
    app.include_router(prometheus)
    app.include_router(runs)
    app.include_router(ingest)
    app.include_router(metrics)
    app.include_router(artifacts)
    app.include_router(resources)
    app.include_router(feed)
    app.include_router(server_events)
    app.include_router(websocket)
    app.include_router(job_stream)
    app.include_router(multiplex)
    include_aspara(app)
    app.include_router(aspara_reference)
    app.include_router(gradio)
    app.include_router(gradio_queue)
    app.include_router(trackio)
    app.include_router(trackio_calls)
    return app


def from_environment() -> FastAPI:
    """Creates the monitor from environment variables, for `uvicorn --factory`."""
    return create_app(Settings())
