"""Converts models to the schemas of the API. The only place that does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend.models.lineage import Uses
from backend.models.tags import stage_of
from pegbox.schemas.model import HubModel, ModelList, ModelPerformance, ModelUse, ModelUses, ModelView
from pegbox.store.tables import Model


def show_model(model: Model) -> ModelView:
    values: dict[str, Any] = {
        "id": model.id,
        "uid": model.uid,
        "name": model.name,
        "kind": model.kind,
        "source": model.source,
        "provider": model.provider,
        "category": model.category,
        "description": model.description,
        "parameters": model.parameters,
        "context_length": model.context_length,
        "license": model.license,
        "download_size": model.download_size,
        "size": model.size_bytes,
        "tags": model.tags,
        "stage": stage_of(model) or None,
        "capabilities": model.capabilities,
        "recommended": model.recommended,
        "performance": show_performance(model.performance),
        "use_case": model.use_case,
        "base_model": model.base_model,
        "source_job": model.source_job,
        "adapter": model.adapter,
        "dataset": model.dataset,
        "metrics": model.metrics,
        "location": model.location,
        "path_available": model.source == "local" and Path(model.location).is_dir(),
        "merged_available": _is_folder(model.extra.get("merged_path")),
        "downloads": model.extra.get("downloads"),
        "likes": model.extra.get("likes"),
        "created_at": model.created_at,
        "created_at_camel": model.created_at,
    }
    return ModelView(**values)


def _is_folder(path: object) -> bool:
    return bool(path) and Path(str(path)).is_dir()


def show_uses(uses: Uses) -> ModelUses:
    return ModelUses(
        jobs=[ModelUse(id=job.uid, name=job.name, state=job.state, created_at=job.created_at) for job in uses.jobs],
        models=[ModelUse(id=model.id, name=model.name, created_at=model.created_at) for model in uses.models],
        in_production=uses.in_production,
        held=bool(uses.reasons),
    )


def show_performance(performance: dict[str, Any]) -> ModelPerformance:
    """Drops values that are not strings; clients may have stored other shapes."""
    words = {key: value for key, value in performance.items() if isinstance(value, str)}
    return ModelPerformance.model_validate(words)


def show_models(models: list[Model]) -> ModelList:
    return ModelList(
        models=[show_model(model) for model in models],
        categories=["All Models", *sorted({model.category for model in models if model.category})],
        providers=["All Providers", *sorted({model.provider for model in models if model.provider}, key=str.lower)],
    )


def show_as_hub_model(model: Model) -> HubModel:
    """A model of the collection as a search result."""
    return HubModel(
        id=model.id,
        name=model.name,
        provider=model.provider,
        category=model.category,
        description=model.description,
        parameters=model.parameters,
        context_length=model.context_length,
        tags=model.tags,
        downloads=int(model.extra.get("downloads") or 0),
        likes=int(model.extra.get("likes") or 0),
        license=model.license,
        download_size=model.download_size,
        gated=bool(model.extra.get("gated", False)),
        in_collection=True,
    )
