"""The datasets, models and methods that the wizard offers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from backend.datasets import service as datasets
from backend.datasets.views import size_text
from backend.models import service as models
from backend.pages.jobs.card import METHOD_WORDS
from backend.pages.models.list_page import ModelRow, model_row
from backend.workers.service import unsupported_reason
from pegbox.schemas.jobs.hyperparameters import Method
from pegbox.store.tables import Model

METHOD_HINTS: dict[Method, str] = {
    "full": "Trains every weight. Best for the starter and small models; needs the most memory.",
    "lora": "Trains a small adapter beside the weights. The usual choice for models of a billion and more.",
    "qlora": "LoRA on 4-bit weights: the least GPU memory, somewhat slower.",
    "loftq": "QLoRA with an adapter that starts by making up for the 4-bit loss.",
}


@dataclass(frozen=True)
class DatasetChoice:
    uid: str
    name: str
    rows: int
    size: str


@dataclass(frozen=True)
class ModelChoice:
    id: str
    name: str
    parameters: str
    second: str


@dataclass(frozen=True)
class ModelChoices:
    """Models in two groups. `first` has the starter, recommended models, trained models and the chosen model; `others` the rest."""

    first: list[ModelChoice]
    others: list[ModelChoice]


@dataclass(frozen=True)
class MethodChoice:
    """A method. `refusal` is the reason why no live worker can run the method; empty if there is no such reason."""

    value: str
    label: str
    hint: str
    refusal: str


def dataset_choices(db: Session) -> list[DatasetChoice]:
    """Valid datasets, newest first."""
    return [
        DatasetChoice(entry.uid, entry.name, entry.rows, size_text(entry.size_bytes))
        for entry in datasets.list_datasets(db)
        if entry.is_valid
    ]


def model_choices(db: Session, chosen: str) -> ModelChoices:
    """Models that can be trained; the starter is the first."""
    first: list[ModelChoice] = []
    others: list[ModelChoice] = []
    for model in sorted(models.list_models(db), key=lambda model: model.source != "starter"):
        row = model_row(model)
        if not row.trainable:
            continue
        is_first = row.recommended or model.kind != "base" or model.id == chosen
        choice = ModelChoice(model.id, row.name, row.parameters, _model_summary(model, row))
        (first if is_first else others).append(choice)
    return ModelChoices(first, others)


def method_choices(db: Session) -> list[MethodChoice]:
    return [
        MethodChoice(value, METHOD_WORDS[value], hint, unsupported_reason(db, value) or "")
        for value, hint in METHOD_HINTS.items()
    ]


def _model_summary(model: Model, row: ModelRow) -> str:
    if model.source == "starter":
        return "Built on this machine from your data; no network, about a minute"
    return model.use_case or row.second
