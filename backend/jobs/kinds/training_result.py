"""Results of a training: stored in the row of the job, registered in the model collection."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from backend.identifiers import new_model_uid
from backend.models import service as models
from pegbox.schemas.jobs.hyperparameters import METHOD_NAMES
from pegbox.schemas.jobs.queue import JobResult, ModelSaving, TrainingSpec
from pegbox.store.tables import Job, Model


def keep_results(db: Session, job: Job, result: JobResult | None, *, register: bool = False) -> None:
    """Stores the result in the job; with `register` also adds its model to the collection. The caller commits."""
    if result is None:
        return
    saving = ModelSaving.model_validate(job.model_saving)
    is_saved = register and bool(result.model_path) and saving.save_model
    job.results = {
        "finalModelPath": result.model_path,
        "huggingfaceRepo": None,
        "modelId": job.model_id if is_saved else None,
        "checkpoints": [checkpoint.model_dump(mode="json") for checkpoint in result.checkpoints],
        "performance": _performance(result),
        "detail": result.model_dump(mode="json"),
    }
    if is_saved:
        models.register_result(db, _model(db, job, result, saving))


def _performance(result: JobResult) -> dict[str, Any]:
    """The values of a result as one flat dictionary."""
    exact = result.exact_match
    return {
        **result.metrics,
        "steps": result.steps,
        "best_step": result.best_step,
        "runtime_seconds": result.runtime_seconds,
        "parameters": result.parameters,
        "trainable_parameters": result.trainable_parameters,
        "stopped_early": result.stopped_early,
        "exact_match": exact.model_dump(mode="json") if exact else None,
    }


def _model(db: Session, job: Job, result: JobResult, saving: ModelSaving) -> Model:
    spec = TrainingSpec.model_validate(job.spec)
    method = spec.hyperparameters.method or "full"
    base = models.find_model(db, spec.model.uid)
    adapter = None
    if method != "full":
        adapter = {
            "method": METHOD_NAMES[method],
            "r": spec.hyperparameters.lora_r,
            "alpha": spec.hyperparameters.lora_alpha,
            "dropout": spec.hyperparameters.lora_dropout,
        }
    return Model(
        id=job.model_id,
        uid=new_model_uid(),
        name=saving.model_name or job.name,
        kind="adapter" if adapter else "finetuned",
        source="local",
        location=str(result.model_path),
        provider="This machine",
        category=base.category if base else "Text Generation",
        description=f"{METHOD_NAMES[method]} of {spec.model.name} on {spec.dataset.name}",
        parameters=models.count_text(result.parameters or 0),
        context_length=base.context_length if base else None,
        license=base.license if base else "",
        size_bytes=result.size_bytes,
        tags=job.tags,
        performance=models.rough_performance(result.size_bytes if not adapter else 0),
        base_model=spec.model.uid,
        source_job=job.uid,
        dataset={
            "uid": spec.dataset.uid,
            "name": spec.dataset.name,
            "version": spec.dataset.version,
            "hash": spec.dataset.hash or spec.dataset.sha256,
            "sha256": spec.dataset.sha256,
            "rows": spec.dataset.rows,
        },
        metrics=_performance(result),
        adapter=adapter,
        extra={"merged_path": result.merged_path} if result.merged_path else {},
    )
