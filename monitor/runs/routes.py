"""`/api/runs`: create, update, list, get."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from monitor.context import MonitorDep
from monitor.runs import service
from monitor.runs.filters import RunFilter
from monitor.runs.sorting import NEWEST_FIRST
from pegbox.schemas.runs.run import RunCreate, RunStatus, RunUpdate, RunView
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Runs"])
NEXT_CURSOR = "X-Next-Cursor"


@router.post(
    "",
    status_code=201,
    response_model=RunView,
    responses={
        200: {"model": RunView, "description": "The run existed and was resumed"},
        **error_responses(404, 409, 422),
    },
)
def create_run(body: RunCreate, response: Response, monitor: MonitorDep) -> RunView:
    """Creates a run, or resumes the run with the given id."""
    run, is_new = service.create_run(monitor.writer, body)
    response.status_code = 201 if is_new else 200
    return run


@router.get(
    "",
    response_model=list[RunView],
    responses={
        200: {"headers": {NEXT_CURSOR: {"description": "Absent on the last page.", "schema": {"type": "string"}}}},
        **error_responses(422),
    },
)
def list_runs(
    monitor: MonitorDep,
    response: Response,
    job_uid: Annotated[str | None, Query(max_length=64)] = None,
    experiment: Annotated[str | None, Query(max_length=200, description="Name of the experiment.")] = None,
    status: RunStatus | None = None,
    tag: Annotated[str | None, Query(max_length=100)] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Words to find in name, id, experiment, config or summary.")
    ] = None,
    demo: Annotated[bool, Query(description="With runs of demonstrations, whose numbers are made up.")] = False,
    sort: Annotated[str, Query(max_length=250, description="A minus means greatest first.")] = NEWEST_FIRST,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    cursor: Annotated[str | None, Query(max_length=4000, description="`X-Next-Cursor` of the page before.")] = None,
) -> list[RunView]:
    """Returns a page of the runs that match, newest first by default; runs without the sorted value come last."""
    which = RunFilter(job_uid=job_uid, experiment=experiment, status=status, tag=tag, q=q, demo=demo)
    runs, following = service.list_runs(monitor.engine, which, sort=sort, limit=limit, cursor=cursor)
    if following is not None:
        response.headers[NEXT_CURSOR] = following
    return runs


@router.get("/{run_id}", response_model=RunView, responses=error_responses(404, 422))
def get_run(run_id: str, monitor: MonitorDep) -> RunView:
    """Returns a run; a job's uid selects its newest run."""
    with monitor.engine.connect() as connection:
        return service.get_run(connection, run_id)


@router.patch("/{run_id}", response_model=RunView, responses=error_responses(404, 422))
def update_run(run_id: str, body: RunUpdate, monitor: MonitorDep) -> RunView:
    """Updates status, summary, config, tags or the number of steps; dictionaries are merged."""
    return service.update_run(monitor.writer, run_id, body)
