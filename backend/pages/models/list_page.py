"""The model collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import pydantic
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.datasets.views import size_text
from backend.dependencies import Config, Db
from backend.models import service
from backend.models.routes import Hub
from backend.pages.frame.choice import Choice
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError, ValidationError
from pegbox.schemas.model import ModelAdd
from pegbox.settings import Settings
from pegbox.store.tables import Model

router = APIRouter(include_in_schema=False)

KINDS = {"": "All", "base": "Base", "own": "Made here"}
KIND_WORDS = {"finetuned": "fine-tuned", "adapter": "adapter", "uploaded": "uploaded"}


@dataclass(frozen=True)
class ModelRow:
    """A model in the list; `second` is the line below the name."""

    id: str
    name: str
    second: str
    kind_word: str
    parameters: str
    context: str
    size: str
    source_job: str | None
    recommended: bool
    trainable: bool


@dataclass(frozen=True)
class ModelsPage:
    """`known_ids` are all ids of the collection, for the hub search."""

    models: list[ModelRow]
    kinds: list[Choice]
    kind: str
    query: str
    known_ids: str
    error: str


@router.get("/models", response_class=HTMLResponse)
def show_models(
    request: Request,
    db: Db,
    settings: Config,
    kind: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Models of jobs first, then base models."""
    return _page(request, db, settings, kind=kind if kind in KINDS else "", query=q.strip())


@router.post("/models", response_class=HTMLResponse)
def add_model(
    request: Request, db: Db, settings: Config, hub: Hub, id: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Adds a hub id or a folder."""
    try:
        model = service.add_model(db, hub, _body(id))
    except PegboxError as error:
        db.rollback()
        return _page(request, db, settings, error=error)
    return RedirectResponse(f"/models?{urlencode({'q': model.name})}", status_code=303)


@router.post("/models/remove", response_class=HTMLResponse)
def remove_model(
    request: Request,
    db: Db,
    settings: Config,
    id: Annotated[str, Form(max_length=500)] = "",
    force: Annotated[bool, Form()] = False,
) -> Response:
    """Removes a model. `force` is a checkbox in the dialog; without it a model in use is refused."""
    try:
        service.delete_model(db, id, force=force)
    except PegboxError as error:
        db.rollback()
        return _page(request, db, settings, error=error)
    return RedirectResponse("/models", status_code=303)


def model_row(model: Model) -> ModelRow:
    """A model as pages show it."""
    return ModelRow(
        id=model.id,
        name=model.name,
        second=model.description if model.source == "starter" else " · ".join(_second(model)),
        kind_word=KIND_WORDS.get(model.kind, ""),
        parameters=model.parameters,
        context=f"{model.context_length:,}".replace(",", "\u202f") if model.context_length else "–",
        size=size_text(model.size_bytes) if model.size_bytes else model.download_size,
        source_job=model.source_job,
        recommended=model.recommended,
        trainable=model.kind != "adapter" or bool(model.extra.get("merged_path")),
    )


def _second(model: Model) -> list[str]:
    maker = f"from {model.base_model}" if model.base_model else model.provider
    name = model.id if model.id != model.name else ""
    return [part for part in (name, maker if maker not in name else "", model.license) if part]


def _page(
    request: Request,
    db: Session,
    settings: Settings,
    *,
    kind: str = "",
    query: str = "",
    error: PegboxError | None = None,
) -> HTMLResponse:
    everything = service.list_models(db)
    words = query.lower().split()
    named = [model for model in everything if all(word in f"{model.id} {model.name}".lower() for word in words)]
    page = ModelsPage(
        models=[model_row(model) for model in named if _is_kind(model, kind)],
        kinds=[
            Choice(label, _href(key, query), sum(_is_kind(model, key) for model in named), key == kind)
            for key, label in KINDS.items()
        ],
        kind=kind,
        query=query,
        known_ids=" ".join(model.id for model in everything),
        error=error.message if error else "",
    )
    layout = layout_for(request, db, settings, "Models")
    return render(
        request, "models/models.html", "models", layout=layout, page=page, status=error.status if error else 200
    )


def _is_kind(model: Model, kind: str) -> bool:
    return not kind or (model.kind == "base") == (kind == "base")


def _href(kind: str, query: str) -> str:
    text = urlencode({name: value for name, value in {"kind": kind, "q": query}.items() if value})
    return f"/models?{text}" if text else "/models"


def _body(model_id: str) -> ModelAdd:
    try:
        return ModelAdd(id=model_id)
    except pydantic.ValidationError as error:
        raise ValidationError("That is neither a hub id nor a folder: letters, digits, / . _ - only") from error
