"""The workflow session over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from backend.dependencies import Db
from backend.workflow import service
from pegbox.schemas.base import Done, JsonObject
from pegbox.schemas.jobs.workflow import ConfigurationCheck, JobConfigurationView, WorkflowMetadata
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Workflow"])


@router.get("/api/metadata", response_model=WorkflowMetadata, summary="Get Metadata")
def get_metadata(db: Db) -> dict[str, Any]:
    """What the wizard has picked so far."""
    return service.read_metadata(db)


@router.post("/api/metadata", response_model=Done, responses=error_responses(400, 413, 422), summary="Update Metadata")
def update_metadata(body: JsonObject, db: Db) -> Done:
    """Replaces the posted top-level keys, leaves the others."""
    service.update_metadata(db, body)
    return Done(message="Metadata updated successfully")


@router.get("/api/job-configuration", response_model=JobConfigurationView, summary="Get Job Configuration")
def get_job_configuration(db: Db) -> JobConfigurationView:
    """What the picks come to: their records and values."""
    return service.read_configuration(db)


@router.get("/api/job-configuration/validate", response_model=ConfigurationCheck, summary="Validate Job Configuration")
def validate_job_configuration(db: Db) -> ConfigurationCheck:
    """Always 200; `isValid` says whether a job can be made of the picks."""
    return service.check_configuration(db)
