"""Operations on the workflow session: read, update, resolve, validate."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from backend.bodies import parse_fields
from backend.datasets import service as datasets
from backend.datasets.views import show_dataset
from backend.hyperparameters import service as hyperparameters
from backend.models import service as models
from backend.models.views import show_model
from backend.workflow import repository
from pegbox.errors import PayloadTooLargeError
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.workflow import (
    ConfigurationCheck,
    ConfiguredDataset,
    ConfiguredHyperparameters,
    ConfiguredModel,
    JobConfigurationView,
    WorkflowMetadata,
)
from pegbox.store.database import begin_write
from pegbox.store.tables import Document, now

MAX_DOCUMENT_BYTES = 1024 * 1024


def seed_session(db: Session) -> None:
    """Creates the session in a new data folder."""
    begin_write(db)
    if repository.find_document(db) is None:
        db.add(Document(name=repository.DOCUMENT, body=repository.empty_body()))
    db.commit()


def read_metadata(db: Session) -> dict[str, Any]:
    document = repository.find_document(db)
    return document.body if document else repository.empty_body()


def update_metadata(db: Session, changes: dict[str, Any]) -> None:
    """Replaces the given top-level keys and updates `lastModified` of the session."""
    begin_write(db)
    document = repository.find_document(db) or Document(name=repository.DOCUMENT, body=repository.empty_body())
    body = {**document.body, **{key: {} if value is None else value for key, value in changes.items()}}
    parse_fields(WorkflowMetadata, body)
    session = body["finetuningSession"] if isinstance(body.get("finetuningSession"), dict) else {}
    given = changes.get("finetuningSession")
    if not (isinstance(given, dict) and given.get("lastModified")):
        body["finetuningSession"] = {**session, "lastModified": utc_text(now())}
    if len(json.dumps(body)) > MAX_DOCUMENT_BYTES:
        raise PayloadTooLargeError(f"The workflow session may hold at most {MAX_DOCUMENT_BYTES} bytes")
    document.body = body
    document.updated_at = now()
    db.add(document)
    db.commit()


def reset_session(db: Session) -> None:
    """Replaces the session by a new one without picks."""
    begin_write(db)
    document = repository.find_document(db) or Document(name=repository.DOCUMENT, body={})
    document.body = repository.empty_body()
    document.updated_at = now()
    db.add(document)
    db.commit()


def read_configuration(db: Session) -> JobConfigurationView:
    body = read_metadata(db)
    picked = WorkflowMetadata.model_validate(body)
    model = models.find_model(db, picked.model.uid) if picked.model.uid else None
    dataset = datasets.find_dataset(db, picked.dataset.uid) if picked.dataset.uid else None
    uid = picked.hyperparameters.uid
    config = hyperparameters.get_config(db, uid) if uid and hyperparameters.is_known(db, uid) else None
    return JobConfigurationView(
        metadata=body,
        model=ConfiguredModel(
            uid=picked.model.uid,
            info=show_model(model).model_dump(mode="json", by_alias=True) if model else None,
            base_model=picked.model.base_model,
            model_name=picked.model.model_name,
            provider=picked.model.provider,
        ),
        dataset=ConfiguredDataset(
            uid=picked.dataset.uid,
            info=show_dataset(dataset).model_dump(mode="json", by_alias=True) if dataset else None,
            name=picked.dataset.name,
            selected_at=picked.dataset.selected_at,
        ),
        hyperparameters=ConfiguredHyperparameters.model_validate({**(config or {}), "uid": uid, "config": config}),
    )


def check_configuration(db: Session) -> ConfigurationCheck:
    """Errors for picks that do not exist, warnings for missing picks."""
    picked = WorkflowMetadata.model_validate(read_metadata(db))
    errors: list[str] = []
    warnings: list[str] = []
    found: dict[str, tuple[str | None, Callable[[str], bool]]] = {
        "Dataset": (picked.dataset.uid, lambda uid: datasets.find_dataset(db, uid) is not None),
        "Model": (picked.model.uid, lambda uid: models.find_model(db, uid) is not None),
        "Hyperparameter": (picked.hyperparameters.uid, lambda uid: hyperparameters.is_known(db, uid)),
    }
    for word, (uid, exists) in found.items():
        if not uid:
            warnings.append(f"No {word.lower()} UID specified in metadata")
        elif not exists(uid):
            errors.append(f"{word} UID not found: {uid}")
    return ConfigurationCheck(is_valid=not errors, errors=errors, warnings=warnings)
