"""`GET /api/gpus` and `GET /api/metrics`."""

from __future__ import annotations

from fastapi import APIRouter, Request

from backend.dependencies import Db
from backend.resources import service
from pegbox.schemas.machine import GpuStatus, MachineMetrics

router = APIRouter(prefix="/api", tags=["System"])


@router.get("/gpus", response_model=list[GpuStatus], summary="List GPU Status")
def list_gpus(request: Request, db: Db) -> list[GpuStatus]:
    """Every GPU as the monitor last read it; an empty list on a machine without one."""
    return service.list_gpus(db, request.app.state.read_gpus)


@router.get("/metrics", response_model=MachineMetrics, summary="Get System Metrics")
def get_machine_metrics(request: Request, db: Db) -> MachineMetrics:
    """The machine as the monitor last read it."""
    return service.read_machine(db, request.app.state.host)
