"""Queries on the model collection."""

from __future__ import annotations

from sqlmodel import Session, col, func, or_, select

from pegbox.store.tables import Model

MAX_CHILDREN = 200


def list_models(db: Session) -> list[Model]:
    """Models of jobs first, newest first, then base models in order of creation."""
    models = list(db.exec(select(Model).order_by(col(Model.created_at), col(Model.id))).all())
    made = [model for model in reversed(models) if model.kind != "base"]
    starter = [model for model in models if model.source == "starter"]
    base = [model for model in models if model.kind == "base" and model.source != "starter"]
    return made + starter + base


def count_models(db: Session) -> int:
    return int(db.exec(select(func.count()).select_from(Model)).one())


def find_model(db: Session, key: str) -> Model | None:
    """By id, else by uid."""
    return db.get(Model, key) or db.exec(select(Model).where(Model.uid == key)).first()


def find_by_id(db: Session, model_id: str) -> Model | None:
    return db.get(Model, model_id)


def list_by_name(db: Session, name: str) -> list[Model]:
    """Locks the rows until the transaction ends, ordered by id to prevent deadlocks."""
    return list(db.exec(select(Model).where(Model.name == name).order_by(col(Model.id)).with_for_update()).all())


def list_children(db: Session, model: Model) -> list[Model]:
    """Models trained from the model, newest first."""
    query = select(Model).where(col(Model.base_model).in_([model.id, model.uid]))
    return list(db.exec(query.order_by(col(Model.created_at).desc()).limit(MAX_CHILDREN)).all())


def search_models(db: Session, query: str, limit: int) -> list[Model]:
    """Models whose id, name or provider contains the text, case-insensitive."""
    pattern = f"%{_escaped(query.lower())}%"
    matches = or_(*(func.lower(column).like(pattern, escape="\\") for column in (Model.id, Model.name, Model.provider)))
    return list(db.exec(select(Model).where(matches).order_by(col(Model.name)).limit(limit)).all())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
