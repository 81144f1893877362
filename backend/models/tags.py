"""Tags of models. Three tags are stages: a model has at most one stage, a name at most one model in production."""

from __future__ import annotations

from sqlmodel import Session

from backend.models import repository
from pegbox.errors import NotFoundError
from pegbox.store.database import begin_write
from pegbox.store.tables import Model

PRODUCTION = "production"
STAGES = (PRODUCTION, "staging", "archived")


def stage_of(model: Model) -> str:
    """The stage of the model; empty without one."""
    return next((tag for tag in model.tags if tag in STAGES), "")


def tag_model(db: Session, key: str, tag: str) -> tuple[Model, str | None]:
    """Adds a tag; a stage replaces the previous one. Returns the model, and the id of the model it replaced in production."""
    begin_write(db)
    model = _get(db, key)
    word = tag.lower() if tag.lower() in STAGES else tag
    replaced: str | None = None
    if word in STAGES:
        model.tags = [known for known in model.tags if known not in STAGES]
    if word == PRODUCTION:
        for other in repository.list_by_name(db, model.name):
            if other.id != model.id and PRODUCTION in other.tags:
                other.tags = [known for known in other.tags if known != PRODUCTION]
                db.add(other)
                replaced = other.id
    if word not in model.tags:
        model.tags = [*model.tags, word]
    db.add(model)
    db.commit()
    return model, replaced


def untag_model(db: Session, key: str, tag: str) -> Model:
    """Raises `NotFoundError` for a tag that the model does not have."""
    begin_write(db)
    model = _get(db, key)
    if tag not in model.tags:
        raise NotFoundError(f"Model '{model.id}' has no tag '{tag}'")
    model.tags = [known for known in model.tags if known != tag]
    db.add(model)
    db.commit()
    return model


def _get(db: Session, key: str) -> Model:
    found = repository.find_model(db, key)
    if found is None:
        raise NotFoundError(f"Model '{key}' not found in your collection")
    return found
