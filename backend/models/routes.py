"""The model collection over HTTP. Ids may contain slashes, so fixed words come first."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from backend.dependencies import Database, Db
from backend.models import files, lineage, repository, service, tags, views
from backend.models.hub import ModelHub
from backend.models.inference_process import InferenceProcess, find_folder
from pegbox.schemas.base import Done
from pegbox.schemas.model import (
    HubModel,
    ModelAdd,
    ModelAdded,
    ModelCheck,
    ModelList,
    ModelTag,
    ModelTagged,
    ModelUses,
    ModelView,
)
from pegbox.schemas.question import QuestionAnswer, QuestionCreate
from pegbox.web.error_handlers import error_responses
from pegbox.web.zip_stream import stream_zip

router = APIRouter(tags=["Models"])

ModelKey = Annotated[
    str, Path(min_length=1, max_length=500, description="Hub id (its slash may be sent as %2F), model-… id, or uid.")
]


async def get_hub(request: Request) -> ModelHub:
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
    process: InferenceProcess = request.app.state.inference_process
    return await process.ask(model_id, await run_in_threadpool(find_folder, engine, model_id), body)


@router.post(
    "/api/models/{model_id:path}/tag",
    response_model=ModelTagged,
    responses=error_responses(400, 404, 413, 422),
    summary="Tag Model",
)
def tag_model(model_id: ModelKey, body: ModelTag, db: Db) -> ModelTagged:
    """Adds a tag. A stage (staging, production, archived) takes the place of the one before, and of the models of one name only
    one is in production: `replaced` is the one that was."""
    model, replaced = tags.tag_model(db, model_id, body.tag)
    return ModelTagged(**views.show_model(model).model_dump(), replaced=replaced)


@router.post(
    "/api/models/{model_id:path}/untag",
    response_model=ModelTagged,
    responses=error_responses(400, 404, 413, 422),
    summary="Untag Model",
)
def untag_model(model_id: ModelKey, body: ModelTag, db: Db) -> ModelTagged:
    """Takes a tag away."""
    return ModelTagged(**views.show_model(tags.untag_model(db, model_id, body.tag)).model_dump())


@router.get(
    "/api/models/{model_id:path}/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {}}, "description": "The archive, written while it is sent"},
        **error_responses(404, 409, 422),
    },
    summary="Export Model",
)
def export_model(
    model_id: ModelKey,
    db: Db,
    part: Annotated[files.Part, Query(description="Of an adapter: it alone, or the merged weights alone.")] = "all",
) -> StreamingResponse:
    """The model's folder as a ZIP archive: weights, tokenizer, card. 409 for a model without files on this machine."""
    model = service.get_model(db, model_id)
    content = stream_zip(files.list_export(model, part))
    suffix = "" if part == "all" else f"-{part}"
    headers = {"Content-Disposition": f'attachment; filename="{files.archive_stem(model)}{suffix}.zip"'}
    return StreamingResponse(content, media_type="application/zip", headers=headers)


@router.get(
    "/api/models/{model_id:path}/card",
    response_class=Response,
    responses={200: {"content": {"text/markdown": {}}, "description": "Markdown"}, **error_responses(404, 422)},
    summary="Get Model Card",
)
def get_card(model_id: ModelKey, db: Db) -> Response:
    """What the trainer wrote down about the model; of others what the collection knows."""
    return Response(files.read_card(service.get_model(db, model_id)), media_type="text/markdown; charset=utf-8")


@router.get(
    "/api/models/{model_id:path}/uses",
    response_model=ModelUses,
    responses=error_responses(404, 422),
    summary="Get Model Uses",
)
def list_uses(model_id: ModelKey, db: Db) -> ModelUses:
    """Jobs that train from it, models made of it."""
    return views.show_uses(lineage.find_uses(db, service.get_model(db, model_id)))


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
    responses=error_responses(404, 409, 422),
    summary="Remove Model",
)
def delete_model(
    model_id: ModelKey,
    db: Db,
    force: Annotated[bool, Query(description="Also when something rests on it, or it is in production.")] = False,
) -> Done:
    """Takes the model out of the collection; files stay. 409 says what rests on it."""
    service.delete_model(db, model_id, force=force)
    return Done(message=f"Successfully removed model '{model_id}'")


@router.get(
    "/api/model-by-uid/{uid:path}",
    response_model=ModelView,
    responses=error_responses(404, 422),
    summary="Get Model by UID",
)
def get_model_by_uid(uid: ModelKey, db: Db) -> ModelView:
    return views.show_model(service.get_model(db, uid, message=f"Model UID not found: {uid}"))
