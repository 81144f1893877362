"""The model collection over HTTP. Ids may contain slashes, so fixed words come first."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from backend.dependencies import Database, Db
from backend.models import repository, service, views
from backend.models.answers import Answers, find_folder
from backend.models.hub import ModelHub
from pegbox.schemas.base import Done
from pegbox.schemas.model import HubModel, ModelAdd, ModelAdded, ModelCheck, ModelList, ModelView
from pegbox.schemas.question import QuestionAnswer, QuestionCreate
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Models"])

ModelKey = Annotated[
    str, Path(min_length=1, max_length=500, description="Hub id (its slash may be sent as %2F), model-… id, or uid.")
]


def get_hub(request: Request) -> ModelHub:
    hub: ModelHub = request.app.state.hub
    return hub


Hub = Annotated[ModelHub, Depends(get_hub)]


@router.get(
    "/api/models",
    response_model=ModelList | list[ModelView],
    responses=error_responses(422),
    summary="Get All Models",
)
def list_models(
    db: Db,
    response: Response,
    view: Annotated[Literal["object", "array"], Query(description="array: the bare list")] = "object",
) -> ModelList | list[ModelView]:
    """All models in the collection: what jobs made, then base models."""
    models = repository.list_models(db)
    response.headers["X-Total-Count"] = str(len(models))
    shown = views.show_models(models)
    return shown.models if view == "array" else shown


@router.get(
    "/api/models/search",
    response_model=list[HubModel],
    responses=error_responses(422, 503),
    summary="Search HuggingFace Models",
)
def search_models(
    db: Db,
    hub: Hub,
    query: Annotated[str, Query(min_length=2, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[HubModel]:
    """Text-generation models of the hub. 503 when it is out of reach; `detail` and `errors` then name local matches."""
    return service.search_hub(db, hub, query, limit)


@router.post(
    "/api/models",
    status_code=201,
    response_model=ModelAdded,
    responses=error_responses(400, 409, 413, 422),
    summary="Add Model",
)
def add_model(body: ModelAdd, db: Db, hub: Hub) -> ModelAdded:
    """Adds a hub model or a folder of this machine. Only `id` is required; the hub's record fills the rest."""
    model = service.add_model(db, hub, body)
    return ModelAdded(model=views.show_model(model), message=f"Successfully added '{model.name}' to your collection")


@router.get(
    "/api/models/check/{model_id:path}",
    response_model=ModelCheck,
    responses=error_responses(422),
    summary="Check Model Exists",
)
def check_model(model_id: ModelKey, db: Db) -> ModelCheck:
    return ModelCheck(exists=repository.find_model(db, model_id) is not None, model_id=model_id)


@router.post(
    "/api/models/{model_id:path}/ask",
    response_model=QuestionAnswer,
    responses=error_responses(400, 404, 409, 413, 422, 429, 503),
    summary="Ask Model",
)
async def ask_model(model_id: ModelKey, body: QuestionCreate, request: Request, engine: Database) -> QuestionAnswer:
    """What a finished model answers. The first question loads it; 409 for a model without files on this machine."""
    answers: Answers = request.app.state.answers
    return await answers.ask(model_id, await run_in_threadpool(find_folder, engine, model_id), body)


@router.get(
    "/api/models/{model_id:path}",
    response_model=ModelView,
    responses=error_responses(404, 422),
    summary="Get Model",
)
def get_model(model_id: ModelKey, db: Db) -> ModelView:
    return views.show_model(service.get_model(db, model_id))


@router.delete(
    "/api/models/{model_id:path}",
    response_model=Done,
    responses=error_responses(404, 422),
    summary="Remove Model",
)
def delete_model(model_id: ModelKey, db: Db) -> Done:
    """Takes the model out of the collection; files stay."""
    service.delete_model(db, model_id)
    return Done(message=f"Successfully removed model '{model_id}'")


@router.get(
    "/api/model-by-uid/{uid:path}",
    response_model=ModelView,
    responses=error_responses(404, 422),
    summary="Get Model by UID",
)
def get_model_by_uid(uid: ModelKey, db: Db) -> ModelView:
    return views.show_model(service.get_model(db, uid, message=f"Model UID not found: {uid}"))
