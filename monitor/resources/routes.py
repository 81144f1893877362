"""`/api/runs/{id}/resources`."""

from __future__ import annotations

import contextlib
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.exc import OperationalError

from monitor.context import MonitorDep
from monitor.resources.service import run_resources
from pegbox.schemas.runs.resource import ResourceSeries
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Resources"])


@router.get("/{run_id}/resources", response_model=ResourceSeries, responses=error_responses(404, 422))
def get_run_resources(
    run_id: str,
    monitor: MonitorDep,
    cols: Annotated[int, Query(ge=1, le=20_000, description="Most samples in the answer.")] = 1200,
) -> ResourceSeries:
    """Returns the resource samples of the machine during the run."""
    with contextlib.suppress(OperationalError):  # full disk: samples stored earlier can still be read
        monitor.sampler.store()
    return run_resources(monitor.engine, run_id, cols)
