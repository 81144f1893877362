"""Operations on models: list, search, add, delete, and register the result of a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlmodel import Session

from backend.identifiers import new_model_uid
from backend.models import catalogue, lineage, repository, views
from backend.models.catalogue import rough_performance as rough_performance
from backend.models.hub import ModelHub
from backend.models.hub import count_text as count_text
from pegbox.errors import ConflictError, NotFoundError, UnreachableError, UnusableContentError
from pegbox.schemas.model import HubModel, ModelAdd
from pegbox.store.database import begin_write
from pegbox.store.tables import Model


def list_models(db: Session) -> list[Model]:
    """Models of jobs first, then base models."""
    return repository.list_models(db)


def count_models(db: Session) -> int:
    return repository.count_models(db)


def find_model(db: Session, key: str) -> Model | None:
    """By id or uid; `None` if not in the collection."""
    return repository.find_model(db, key)


def get_model(db: Session, key: str, *, message: str | None = None) -> Model:
    """By id or uid; raises `NotFoundError`."""
    found = repository.find_model(db, key)
    if found is None:
        raise NotFoundError(message or f"Model '{key}' not found in your collection")
    return found


def search_hub(db: Session, hub: ModelHub, query: str, limit: int) -> list[HubModel]:
    """Matches on the hub. Raises `UnreachableError`, which names matches in the collection."""
    try:
        found = hub.search(query, limit)
    except UnreachableError as error:
        local = repository.search_models(db, query, limit)
        names = ", ".join(f"'{model.id}'" for model in local) or "none"
        raise UnreachableError(
            f"{error.message}. Matches in your collection: {names}",
            errors=[
                {
                    "loc": ["collection"],
                    "msg": model.id,
                    "type": "local_match",
                    "model": views.show_as_hub_model(model).model_dump(mode="json", by_alias=True),
                }
                for model in local
            ],
        ) from error
    for model in found:
        model.in_collection = repository.find_by_id(db, model.id) is not None
    return found


def add_model(db: Session, hub: ModelHub, body: ModelAdd) -> Model:
    """Adds a hub model or a folder. Raises `ConflictError` if it exists, `UnusableContentError` for an unusable folder."""
    model_id = body.id
    if repository.find_by_id(db, model_id):
        raise _known(model_id)
    db.rollback()  # releases the connection: the hub may take seconds
    is_local = body.source == "local" or (body.source is None and model_id.startswith(("/", "~")))
    model = _local_model(body) if is_local else _hub_model(body, _ask_hub(hub, model_id))
    begin_write(db)
    if repository.find_by_id(db, model_id):
        raise _known(model_id)
    db.add(model)
    db.commit()
    return model


def delete_model(db: Session, key: str, *, force: bool = False) -> None:
    """Removes a model from the collection; its files stay.

    Raises `ConflictError` while unfinished jobs or other models use it, or it is in production, unless `force`.
    """
    begin_write(db)
    model = get_model(db, key)
    used = lineage.find_uses(db, model)
    if used.reasons and not force:
        raise ConflictError(
            f"Model '{model.id}' {' and '.join(used.reasons)}; remove it nevertheless with force=true",
            errors=used.findings,
        )
    db.delete(model)
    db.commit()


def register_result(db: Session, model: Model) -> None:
    """Adds the model of a job, or replaces the one with the same id. The caller commits."""
    known = repository.find_by_id(db, model.id)
    if known is not None:
        model.uid = known.uid
    db.merge(model)


def _known(model_id: str) -> ConflictError:
    return ConflictError(f"Model '{model_id}' already exists in your collection")


def _ask_hub(hub: ModelHub, model_id: str) -> HubModel | None:
    """The hub's record; `None` when unreachable, because adding a model works offline too."""
    try:
        return hub.find(model_id)
    except UnreachableError:
        return None


def _hub_model(body: ModelAdd, record: HubModel | None) -> Model:
    if entry := catalogue.find_entry(body.id):
        model = catalogue.model_from_entry(entry)
    else:
        model = Model(id=body.id, uid=new_model_uid(), name=body.id.rpartition("/")[2], source="hub", location=body.id)
    if record is not None:
        model.name = record.name or model.name
        model.provider = model.provider or record.provider
        model.category = model.category or record.category
        model.description = model.description or record.description
        model.parameters = model.parameters or record.parameters
        model.context_length = model.context_length or record.context_length
        model.license = model.license or record.license
        model.download_size = model.download_size or record.download_size
        model.tags = model.tags or record.tags
        model.extra = {**model.extra, "downloads": record.downloads, "likes": record.likes, "gated": record.gated}
    _apply_request(model, body)
    model.category = model.category or "Text Generation"
    return model


def _local_model(body: ModelAdd) -> Model:
    folder = Path(body.path or body.id).expanduser()
    config = _read_config(folder)
    model = Model(
        id=body.id,
        uid=new_model_uid(),
        name=folder.name,
        source="local",
        location=str(folder.resolve()),
        provider="This machine",
        category="Text Generation",
        context_length=_positive(config.get("max_position_embeddings")),
        size_bytes=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
    )
    _apply_request(model, body)
    return model


def _read_config(folder: Path) -> dict[str, Any]:
    if not folder.is_absolute():
        raise UnusableContentError(f"'{folder}' is not an absolute path")
    if not folder.is_dir():
        raise UnusableContentError(f"There is no folder '{folder}' on this machine")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnusableContentError(f"'{folder}' holds no model: config.json is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableContentError(f"'{folder / 'config.json'}' cannot be read as JSON") from error
    return config if isinstance(config, dict) else {}


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value < 10**12 else None


def _apply_request(model: Model, body: ModelAdd) -> None:
    """Values of the request take precedence over detected ones."""
    for name in ("name", "provider", "category", "description", "parameters", "context_length", "license"):
        if value := getattr(body, name):
            setattr(model, name, value)
    for name in ("download_size", "tags", "capabilities", "performance", "use_case"):
        if value := getattr(body, name):
            setattr(model, name, value)
    model.recommended = model.recommended or body.recommended
