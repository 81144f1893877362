"""Experiments over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from backend.dependencies import Db
from backend.experiments import service
from backend.experiments.compare import compare
from pegbox.schemas.base import Done
from pegbox.schemas.experiment import (
    BestRun,
    Direction,
    ExperimentCreate,
    ExperimentDetail,
    ExperimentRuns,
    ExperimentUpdate,
    ExperimentView,
    RunCompareRequest,
    RunComparison,
)
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Experiments"])

ExperimentKey = Annotated[str, Path(min_length=1, max_length=200, description="The experiment's id or name.")]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]


@router.get(
    "/api/experiments",
    response_model=list[ExperimentView],
    responses=error_responses(422),
    summary="List Experiments",
)
def list_experiments(
    db: Db,
    response: Response,
    q: Annotated[str, Query(max_length=500, description="words of the name or the description")] = "",
    starred: Annotated[bool | None, Query(description="only those with a star, or only those without")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> list[ExperimentView]:
    """A page, newest first. `X-Total-Count` has the number of matches."""
    found, total = service.list_experiments(db, q, starred=starred, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(total)
    return found


@router.post(
    "/api/experiments",
    status_code=201,
    response_model=ExperimentView,
    responses=error_responses(400, 409, 413, 422),
    summary="Create Experiment",
)
def create_experiment(body: ExperimentCreate, db: Db) -> ExperimentView:
    """A named group for runs. 409 when the name is taken, by a script's first run perhaps."""
    return service.create_experiment(db, body)


@router.get(
    "/api/experiments/{experiment_id}",
    response_model=ExperimentDetail,
    responses=error_responses(404, 422),
    summary="Get Experiment Details",
)
def get_experiment(experiment_id: ExperimentKey, db: Db) -> ExperimentDetail:
    """With its newest 20 runs, and the best value of each metric whose name tells which way is better."""
    return service.show_experiment(db, experiment_id)


@router.patch(
    "/api/experiments/{experiment_id}",
    response_model=ExperimentView,
    responses=error_responses(400, 404, 413, 422),
    summary="Update Experiment",
)
def update_experiment(experiment_id: ExperimentKey, body: ExperimentUpdate, db: Db) -> ExperimentView:
    """Stars, tags or describes it."""
    return service.update_experiment(db, experiment_id, body)


@router.delete(
    "/api/experiments/{experiment_id}",
    response_model=Done,
    responses=error_responses(404, 409, 422),
    summary="Delete Experiment",
)
def delete_experiment(experiment_id: ExperimentKey, db: Db) -> Done:
    """Removes an experiment that has no runs; 409 otherwise."""
    service.delete_experiment(db, experiment_id)
    return Done(message="Experiment deleted successfully")


@router.get(
    "/api/experiments/{experiment_id}/runs",
    response_model=ExperimentRuns,
    responses=error_responses(404, 422),
    summary="List Experiment Runs",
)
def list_runs(experiment_id: ExperimentKey, db: Db, limit: Limit = 100, offset: Offset = 0) -> ExperimentRuns:
    """Jobs and scripts' runs, newest first."""
    return service.list_runs(db, experiment_id, limit=limit, offset=offset)


@router.get(
    "/api/experiments/{experiment_id}/best",
    response_model=BestRun,
    responses=error_responses(404, 422),
    summary="Get Best Run",
)
def get_best_run(
    experiment_id: ExperimentKey,
    db: Db,
    metric: Annotated[str, Query(min_length=1, max_length=200)] = "validation_loss",
    direction: Annotated[Direction | None, Query(description="Default: as the metric's name tells.")] = None,
) -> BestRun:
    """The run whose last value of the metric is the best."""
    return service.best_run(db, experiment_id, metric, direction)


@router.post(
    "/api/experiments/{experiment_id}/compare",
    response_model=RunComparison,
    responses=error_responses(400, 404, 413, 422),
    summary="Compare Runs",
)
def compare_runs(experiment_id: ExperimentKey, body: RunCompareRequest, db: Db) -> RunComparison:
    """Metrics and settings of several runs of the experiment side by side."""
    return compare(db, experiment_id, body)
