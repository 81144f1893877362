"""Hyperparameter configurations over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from backend.dependencies import Db
from backend.hyperparameters import service
from pegbox.schemas.base import Done
from pegbox.schemas.jobs.hyperparameter_config import BestConfig, HyperparameterDocument, StoredConfig
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Hyperparameters"])


@router.get(
    "/api/hyperparameter-config", response_model=HyperparameterDocument, summary="Get Hyperparameter Configurations"
)
def get_document(db: Db) -> HyperparameterDocument:
    """The whole document."""
    return service.read_document(db)


@router.post(
    "/api/hyperparameter-config",
    response_model=Done,
    responses=error_responses(400, 413, 422),
    summary="Replace Hyperparameter Configurations",
)
def replace_document(body: HyperparameterDocument, db: Db) -> Done:
    service.replace_document(db, body)
    return Done(message="Hyperparameter config updated successfully")


@router.post(
    "/api/hyperparameter-config/configs",
    status_code=201,
    response_model=StoredConfig,
    responses=error_responses(400, 413, 422),
    summary="Store Hyperparameters",
)
def keep_config(body: Hyperparameters, db: Db) -> StoredConfig:
    """Completes the values, encodes their uid, and keeps them under it."""
    return service.keep_config(db, body)


@router.get(
    "/api/hyperparameter-config/{uid}",
    response_model=dict[str, Any],
    responses=error_responses(404, 422),
    summary="Get Hyperparameters by UID",
)
def get_config(uid: Annotated[str, Path(min_length=1, max_length=200)], db: Db) -> dict[str, Any]:
    """The stored configuration under the uid or its alias; an encoded uid that is not stored is decoded."""
    return service.get_config(db, uid)


@router.get(
    "/api/configurations/best",
    response_model=BestConfig,
    responses=error_responses(404, 422),
    summary="Get Best Configuration",
)
def get_best_config(db: Db, mode: Annotated[Literal["manual", "automated"], Query()] = "manual") -> BestConfig:
    return service.best_config(db, mode)
