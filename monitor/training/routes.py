"""`/api/training/…` and `/`: the Training Monitor API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from monitor.context import MonitorDep
from monitor.training import service
from pegbox.errors import UnusableContentError
from pegbox.schemas.runs.training import (
    LossRecord,
    MonitorRoot,
    ResourceRecord,
    TrainingModeChange,
    TrainingModeView,
    TrainingStatus,
    TrainingSummary,
)
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Training"])
ModeWord = Annotated[str, Path(json_schema_extra={"enum": ["manual", "automated"]})]
LastN = Annotated[int, Query(ge=1, le=10_000, description="Number of newest records.")]


@router.get("/", response_model=MonitorRoot)
def get_root(monitor: MonitorDep) -> MonitorRoot:
    """Reports that the monitor runs, and the state of the focused training."""
    return service.root(monitor)


@router.get("/api/training/losses", response_model=list[LossRecord], responses=error_responses(422, 503))
def get_losses(monitor: MonitorDep, last_n: LastN = 20) -> list[LossRecord]:
    """Returns the newest points of the focused training, oldest first."""
    return service.losses(monitor, last_n)


@router.get("/api/training/losses/current", response_model=LossRecord, responses=error_responses(503))
def get_current_loss(monitor: MonitorDep) -> LossRecord:
    """Returns the newest point of the focused training."""
    return service.losses(monitor, 1)[-1]


@router.get("/api/training/resources", response_model=list[ResourceRecord], responses=error_responses(422, 503))
def get_resources(monitor: MonitorDep, last_n: LastN = 20) -> list[ResourceRecord]:
    """Returns the newest resource samples, one per second, oldest first."""
    return service.resources(monitor, last_n)


@router.get("/api/training/resources/current", response_model=ResourceRecord, responses=error_responses(503))
def get_current_resources(monitor: MonitorDep) -> ResourceRecord:
    """Returns the newest resource sample."""
    return service.resources(monitor, 1)[-1]


@router.get("/api/training/status/{job_id}", response_model=TrainingStatus, responses=error_responses(404, 422))
def get_status(job_id: Annotated[str, Path(max_length=200)], monitor: MonitorDep) -> TrainingStatus:
    """Returns the progress of a job or run."""
    return service.status(monitor, job_id)


@router.get("/api/training/summary", response_model=TrainingSummary, responses=error_responses(503))
def get_summary(monitor: MonitorDep) -> TrainingSummary:
    """Returns the current state of the focused training and of the machine."""
    return service.summary(monitor)


@router.get("/api/training/mode", response_model=TrainingModeView)
def get_mode(monitor: MonitorDep) -> TrainingModeView:
    """Returns the training mode: the kind of training that the monitor shows."""
    return service.mode_view(monitor)


@router.post("/api/training/mode/{mode}", response_model=TrainingModeChange, responses=error_responses(400, 422))
def set_mode(mode: ModeWord, monitor: MonitorDep) -> TrainingModeChange:
    """Shows single trainings (`manual`) or the trainings of a study (`automated`), starting with an empty window.

    Changes what is shown, never a training.
    """
    if mode not in ("manual", "automated"):
        raise UnusableContentError("Mode must be 'manual' or 'automated'")
    view = monitor.modes.switch("automated" if mode == "automated" else "manual")
    return TrainingModeChange(message=f"Training mode set to {view.mode}", mode=view.mode, reset=True)
