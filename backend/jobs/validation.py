"""Validates the references of a job and builds the specification for the trainer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session

from backend.datasets import service as datasets
from backend.hyperparameters.service import resolve_for_job
from backend.models import service as models
from backend.workers.service import unsupported_reason
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.schemas.jobs.job import JobConfiguration, JobValidation
from pegbox.schemas.jobs.queue import BaseModelSpec, DatasetSpec, ModelSaving
from pegbox.settings import Settings
from pegbox.store.tables import Dataset, Model


@dataclass
class Checked:
    """The result of a validation. Without errors, `hyperparameters`, `model` and `dataset` are complete."""

    hyperparameters: Hyperparameters
    model: BaseModelSpec | None = None
    dataset: DatasetSpec | None = None
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def validation(self) -> JobValidation:
        return JobValidation(is_valid=not self.errors, errors=self.errors, warnings=self.warnings)

    def spec(self, *, uid: str, name: str, run_id: str, model_id: str, saving: ModelSaving) -> dict[str, Any] | None:
        """The stored form of `TrainingSpec`, or `None` if there are errors. Each claim adds the attempt."""
        if self.errors or self.model is None or self.dataset is None:
            return None
        return {
            "uid": uid,
            "name": name,
            "run_id": run_id,
            "model_id": model_id,
            "model": self.model.model_dump(mode="json"),
            "dataset": self.dataset.model_dump(mode="json"),
            "hyperparameters": self.hyperparameters.model_dump(mode="json"),
            "model_saving": saving.model_dump(mode="json"),
        }


def check(db: Session, settings: Settings, configuration: JobConfiguration, saving: ModelSaving) -> Checked:
    """Resolves model, dataset and hyperparameters. Each problem becomes one error message."""
    model = models.find_model(db, configuration.model.uid)
    is_starter = model is not None and model.source == "starter"
    resolved = resolve_for_job(db, configuration.hyperparameters, is_starter=is_starter)
    checked = Checked(resolved.values, errors=[], warnings=resolved.warnings)
    checked.warnings += [
        f"Unknown hyperparameter '{name}' has no effect" for name in configuration.unknown_hyperparameters
    ]
    if model is None:
        checked.errors.append(f"Model UID not found: {configuration.model.uid}")
    else:
        checked.model = _model_spec(model, checked)
    dataset = datasets.find_dataset(db, configuration.dataset.uid)
    if dataset is None:
        checked.errors.append(f"Dataset UID not found: {configuration.dataset.uid}")
    else:
        checked.dataset = _dataset_spec(db, dataset, settings, checked)
    checked.errors += resolved.errors
    _check_method(db, checked)
    if saving.push_to_hub:
        checked.warnings.append("pushToHub has no effect in this release; the model stays on this machine")
    return checked


def _model_spec(model: Model, checked: Checked) -> BaseModelSpec:
    location = model.location
    if model.kind == "adapter":
        location = str(model.extra.get("merged_path") or "")
        if not location:
            checked.errors.append(
                f"Model '{model.id}' is an adapter; only whole models can be trained further "
                "(train it with merge_adapter to get one)"
            )
    elif model.source == "local" and not Path(location).is_dir():
        checked.warnings.append(f"The folder of model '{model.id}' is not on this machine: {location}")
    source: Any = model.source
    return BaseModelSpec(uid=model.id, name=model.name, source=source, location=location)


def _dataset_spec(db: Session, dataset: Dataset, settings: Settings, checked: Checked) -> DatasetSpec | None:
    if not dataset.is_valid:
        checked.errors += [f"Dataset '{dataset.name}' cannot be trained on: {error}" for error in dataset.errors]
    elif not datasets.has_file(db, settings.datasets_dir, dataset):
        checked.errors.append(f"The file of dataset '{dataset.name}' is not stored here; upload it again")
    if not dataset.sha256:
        return None
    return DatasetSpec(
        uid=dataset.uid,
        name=dataset.name,
        sha256=dataset.sha256,
        rows=dataset.rows,
        size_bytes=dataset.size_bytes,
        column_mapping=dataset.column_mapping or {"input": "input", "output": "output"},
        encoding=dataset.encoding,
        delimiter=dataset.delimiter,
        version=dataset.version,
        hash=dataset.hash or "",
    )


def _check_method(db: Session, checked: Checked) -> None:
    method = checked.hyperparameters.method
    if method is None:
        return
    if reason := unsupported_reason(db, method):
        checked.errors.append(f"Method '{method}' cannot run here: {reason}")
