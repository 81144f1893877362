"""Aspara's tracker routes, at the documented base path and at the default base path of its client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.routing import APIRoute

from monitor.artifacts import service as artifacts
from monitor.context import Monitor, MonitorDep
from monitor.dialects.aspara import runs
from monitor.dialects.aspara.csrf import refuse_other_sites
from monitor.dialects.aspara.names import CATEGORIES, RunPath, artifact_category, artifact_name, run_path
from monitor.dialects.aspara.points import read_points
from monitor.dialects.aspara.schemas import (
    Acknowledged,
    ArtifactSaved,
    ConfigUpdate,
    Finish,
    MetricBatch,
    MetricRecord,
    MetricsSaved,
    RunAnnounced,
    RunAnnouncement,
    SummaryUpdate,
    TagsUpdate,
)
from monitor.dialects.bounded_route import BoundedRoute
from monitor.metrics.ingest.batch_schema import MAX_BODY_BYTES
from monitor.runs.service import find_run_id
from pegbox.errors import NotFoundError, UnusableContentError
from pegbox.schemas.runs.run import RunUpdate
from pegbox.web.error_handlers import error_responses
from pegbox.web.multipart import receive_form

BASE_PATHS = ("/tracker/api/v1", "/api/v1")
"""Aspara documents the tracker with and without `/tracker`; its own server supports only the first."""

TAG = "Aspara tracker"
RUNS = "/projects/{project_name}/runs"
RUN = RUNS + "/{run_name}"
MAX_DESCRIPTION = 2_000

ProjectName = Annotated[str, Path(description="Letters, digits, `_` and `-`; our experiment.")]
PathOfRun = Annotated[RunPath, Depends(run_path)]


class PointRoute(BoundedRoute):
    """Bodies with points have the same limit as Pegbox's own batches."""

    max_body_bytes: ClassVar[int] = MAX_BODY_BYTES


def _write_router(route_class: type[APIRoute], *refusals: int) -> APIRouter:
    return APIRouter(
        tags=[TAG],
        route_class=route_class,
        dependencies=[Depends(refuse_other_sites)],
        responses=error_responses(400, 413, 422, 503, *refusals),
    )


health = APIRouter(tags=[TAG])
announcements = _write_router(BoundedRoute, 409)
points = _write_router(PointRoute, 429)
changes = _write_router(BoundedRoute, 404)
files = _write_router(APIRoute)  # limited while streaming to disk


@health.get("/health", response_model=Acknowledged)
def get_tracker_health() -> Acknowledged:
    """Needs no token."""
    return Acknowledged()


@announcements.post(RUNS, response_model=RunAnnounced)
def announce_run(project_name: ProjectName, body: RunAnnouncement, monitor: MonitorDep) -> RunAnnounced:
    """Creates a run; with `resume` continues the run of this name if it exists."""
    path = run_path(project_name, body.name)
    runs.announce_run(monitor.engine, monitor.writer, path, body)
    return RunAnnounced(project=path.project, name=path.name, run_id=path.run_id)


@points.post(
    RUN + "/metrics",
    response_model=MetricsSaved,
    response_model_exclude_none=True,
)
async def save_metrics(path: PathOfRun, body: MetricRecord, monitor: MonitorDep) -> MetricsSaved:
    """Stores the metrics of one step and responds after the commit. Creates an unknown run."""
    return await _save(monitor, path, [body])


@points.post(
    RUN + "/metrics/batch",
    response_model=MetricsSaved,
    response_model_exclude_none=True,
)
async def save_metrics_batch(path: PathOfRun, body: MetricBatch, monitor: MonitorDep) -> MetricsSaved:
    """Stores the metrics of many steps, all or none. Aspara has no such route."""
    return await _save(monitor, path, body.records)


async def _save(monitor: Monitor, path: RunPath, records: Sequence[MetricRecord]) -> MetricsSaved:
    found, left_out = read_points(records)
    try:
        await monitor.sequencer.add(path.run_id, found)
    except NotFoundError:
        await asyncio.to_thread(runs.make_unannounced_run, monitor.writer, path)
        await monitor.sequencer.add(path.run_id, found)
    return MetricsSaved(left_out=left_out or None)


@changes.post(RUN + "/config", response_model=Acknowledged)
def update_config(path: PathOfRun, body: ConfigUpdate, monitor: MonitorDep) -> Acknowledged:
    """Merges settings into the run's config."""
    runs.update_run(monitor.writer, path, RunUpdate(config={**body.config, **runs.ORIGIN}))
    return Acknowledged()


@changes.post(RUN + "/summary", response_model=Acknowledged)
def update_summary(path: PathOfRun, body: SummaryUpdate, monitor: MonitorDep) -> Acknowledged:
    """Merges values into the run's summary."""
    runs.update_run(monitor.writer, path, RunUpdate(summary=body.summary))
    return Acknowledged()


@changes.post(RUN + "/tags", response_model=Acknowledged)
def replace_tags(path: PathOfRun, body: TagsUpdate, monitor: MonitorDep) -> Acknowledged:
    """Replaces the run's tags."""
    runs.update_run(monitor.writer, path, RunUpdate(tags=body.tags))
    return Acknowledged()


@changes.post(RUN + "/finish", response_model=Acknowledged)
def finish_run(path: PathOfRun, body: Finish, monitor: MonitorDep) -> Acknowledged:
    """Ends the run. May be repeated; the last call counts."""
    runs.update_run(monitor.writer, path, RunUpdate(status="finished" if body.exit_code == 0 else "failed"))
    return Acknowledged()


ARTIFACT_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "name": {"type": "string", "description": "By default the file's own name."},
                        "description": {"type": "string", "maxLength": MAX_DESCRIPTION},
                        "category": {"type": "string", "enum": ["", *CATEGORIES]},
                    },
                }
            }
        },
    }
}


@files.post(
    RUN + "/artifacts",
    response_model=ArtifactSaved,
    openapi_extra=ARTIFACT_FORM,
)
async def upload_artifact(path: PathOfRun, request: Request, monitor: MonitorDep) -> ArtifactSaved:
    """Stores a file of the run and replaces a file of the same name. Creates an unknown run."""
    form = await receive_form(
        request, lambda: artifacts.open_incoming(monitor.settings), monitor.settings.max_artifact_bytes
    )
    try:
        name = artifact_name(form.fields.get("name") or form.filename)
        category = artifact_category(form.fields.get("category", ""))
        description = form.fields.get("description", "")
        if len(description) > MAX_DESCRIPTION or "\0" in description:
            raise UnusableContentError(f"Invalid description: at most {MAX_DESCRIPTION} characters, none of them NUL")
        await asyncio.to_thread(_ensure_run, monitor, path)
        artifact, _ = await asyncio.to_thread(
            artifacts.store_artifact,
            monitor.writer,
            path.run_id,
            name,
            form.file,
            description=description,
            category=category,
        )
    finally:
        form.file.discard()
    return ArtifactSaved(artifact_name=artifact.name, file_size=artifact.size_bytes)


def _ensure_run(monitor: Monitor, path: RunPath) -> None:
    try:
        find_run_id(monitor.engine, path.run_id)
    except NotFoundError:
        runs.make_unannounced_run(monitor.writer, path)


def include_in(app: FastAPI) -> None:
    """Adds the routes at both base paths; the OpenAPI document contains the first."""
    for base in BASE_PATHS:
        for part in (health, announcements, points, changes, files):
            app.include_router(part, prefix=base, include_in_schema=base == BASE_PATHS[0])
