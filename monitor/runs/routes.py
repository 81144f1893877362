"""`/api/runs`: announce, change, list, show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from monitor.context import MonitorDep
from monitor.runs import repository, service
from pegbox.schemas.run import RunCreate, RunStatus, RunUpdate, RunView
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Runs"])


@router.post(
    "",
    status_code=201,
    response_model=RunView,
    responses={200: {"model": RunView, "description": "The run existed and goes on"}, **error_responses(404, 409, 422)},
)
def create_run(body: RunCreate, response: Response, monitor: MonitorDep) -> RunView:
    """Announces a run, or resumes the one with the given id."""
    run, is_new = service.create_run(monitor.writer, body)
    response.status_code = 201 if is_new else 200
    return run


@router.get("", response_model=list[RunView], responses=error_responses(422))
def list_runs(
    monitor: MonitorDep,
    job_uid: Annotated[str | None, Query(max_length=64)] = None,
    status: RunStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[RunView]:
    """Newest first."""
    with monitor.engine.connect() as connection:
        rows = repository.list_runs(connection, job_uid=job_uid, status=status, limit=limit)
    return [service.view(row) for row in rows]


@router.get("/{run_id}", response_model=RunView, responses=error_responses(404, 422))
def get_run(run_id: str, monitor: MonitorDep) -> RunView:
    """One run; a job's uid stands for its newest run."""
    with monitor.engine.connect() as connection:
        return service.get_run(connection, run_id)


@router.patch("/{run_id}", response_model=RunView, responses=error_responses(404, 422))
def update_run(run_id: str, body: RunUpdate, monitor: MonitorDep) -> RunView:
    """Changes status, summary, config, tags or the number of steps; dictionaries are merged."""
    return service.update_run(monitor.writer, run_id, body)
