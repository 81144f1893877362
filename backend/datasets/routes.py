"""Datasets over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse

from backend.bodies import parse_fields, parse_json
from backend.datasets import service, views
from backend.datasets.readers.formats import without_ending
from backend.datasets.registration import Registration
from backend.datasets.report import as_row
from backend.datasets.upload_form import UploadForm, receive_upload_form, uploaded_file
from backend.dependencies import Config, Database, Db
from pegbox.schemas.base import Done
from pegbox.schemas.dataset import (
    CsvPreview,
    DatasetCreate,
    DatasetCreated,
    DatasetForm,
    DatasetRows,
    DatasetUpdate,
    DatasetUpdated,
    DatasetView,
)
from pegbox.store.database import open_session
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Datasets"])

DatasetKey = Annotated[str, Path(min_length=1, max_length=200, description="The dataset's uid or readable id.")]

_FILE = {"type": "string", "format": "binary", "description": "The file."}
PREVIEW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}}}
        },
    }
}


def form_schema() -> dict[str, Any]:
    texts = {
        name: {"type": "string", "description": info.description or ""}
        for name, info in DatasetForm.model_fields.items()
    }
    return {"type": "object", "required": ["file"], "properties": {"file": _FILE, **texts}}


CREATE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": DatasetCreate.model_json_schema(mode="validation")},
            "multipart/form-data": {"schema": form_schema()},
        },
    }
}


@router.post(
    "/api/preview-csv",
    response_model=CsvPreview,
    openapi_extra=PREVIEW_BODY,
    responses=error_responses(400, 413, 422, 503),
    summary="Preview CSV File",
)
async def preview_csv(request: Request, settings: Config) -> CsvPreview:
    """Uploads a CSV (part `file`) and says what is in it: columns, first rows, counts, and every kind of trouble with its line.

    Nothing is registered; the bytes are kept for a day so that `POST /api/datasets` can refer to them by `sha256`.
    """
    form = await receive_upload_form(request, settings.datasets_dir, settings.max_preview_bytes)
    work = partial(_preview, settings, form)
    return await to_thread.run_sync(work, limiter=request.app.state.csv_threads)


@router.get("/api/datasets", response_model=list[DatasetView], summary="Get All Datasets")
def list_datasets(db: Db) -> list[DatasetView]:
    """All datasets, newest first."""
    return [views.show_dataset(dataset) for dataset in service.list_datasets(db)]


@router.post(
    "/api/datasets",
    status_code=201,
    response_model=DatasetCreated,
    openapi_extra=CREATE_BODY,
    responses={
        200: {"model": DatasetCreated, "description": "The same bytes were registered under this name before"},
        **error_responses(400, 404, 409, 413, 415, 422, 503),
    },
    summary="Create Dataset",
)
async def create_dataset(request: Request, settings: Config, engine: Database) -> JSONResponse:
    """Registers a dataset: JSON refers to a previewed file by `sha256` or to an upload by `upload_id`, multipart brings the
    file along. Files are CSV, JSONL, Parquet, or a ZIP archive of several.

    JSON registers for training and answers 400 when `input` or `output` is missing under the mapping, unless `strict` is false;
    multipart keeps such a file with `validation.isValid = false` unless `strict` is set.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await receive_upload_form(request, settings.datasets_dir, settings.max_dataset_bytes)
        work = partial(_create_from_upload, engine, settings, form)
    elif kind == "application/json" or kind.endswith("+json"):
        body = parse_json(DatasetCreate, await request.body())
        work = partial(_create_from_record, engine, settings, body)
    else:
        raise HTTPException(415, "Send application/json or multipart/form-data")
    answer, is_new = await to_thread.run_sync(work, limiter=request.app.state.csv_threads)
    return JSONResponse(answer.model_dump(mode="json", by_alias=True), status_code=201 if is_new else 200)


@router.get(
    "/api/datasets/{uid}", response_model=DatasetView, responses=error_responses(404, 422), summary="Get Dataset"
)
def get_dataset(uid: DatasetKey, db: Db) -> DatasetView:
    return views.show_dataset(service.get_dataset(db, uid))


@router.put(
    "/api/datasets/{uid}",
    response_model=DatasetUpdated,
    responses=error_responses(400, 404, 409, 413, 422),
    summary="Update Dataset",
)
def update_dataset(uid: DatasetKey, body: DatasetUpdate, db: Db, settings: Config) -> DatasetUpdated:
    """Changes the record; another column mapping or file is checked again."""
    dataset = service.update_dataset(db, settings, uid, body)
    return DatasetUpdated(message="Dataset updated successfully", dataset=views.show_dataset(dataset))


@router.delete(
    "/api/datasets/{uid}", response_model=Done, responses=error_responses(404, 409, 422), summary="Delete Dataset"
)
def delete_dataset(
    uid: DatasetKey,
    db: Db,
    settings: Config,
    force: Annotated[bool, Query(description="Also when unfinished jobs or models rest on it.")] = False,
) -> Done:
    """Removes the record with its versions and, unless something else needs them, their bytes. 409 says what rests on it."""
    service.delete_dataset(db, settings.datasets_dir, uid, force=force)
    return Done(message="Dataset deleted successfully")


@router.get(
    "/api/datasets/{uid}/rows",
    response_model=DatasetRows,
    responses=error_responses(400, 404, 422),
    summary="Get Dataset Rows",
)
def list_rows(
    uid: DatasetKey,
    db: Db,
    settings: Config,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 20,
) -> DatasetRows:
    """A page of the non-empty rows, in the order of the file."""
    dataset = service.get_dataset(db, uid)
    records = service.read_rows(db, settings.datasets_dir, dataset, offset, limit)
    return DatasetRows(
        columns=dataset.columns,
        rows=[as_row(dataset.columns, record.cells) for record in records],
        lines=[record.line for record in records],
        offset=offset,
        limit=limit,
        total=dataset.rows,
    )


@router.get(
    "/api/dataset-by-uid/{uid}",
    response_model=DatasetView,
    responses=error_responses(404, 422),
    summary="Get Dataset by UID",
)
def get_dataset_by_uid(uid: DatasetKey, db: Db) -> DatasetView:
    return views.show_dataset(service.get_dataset(db, uid, message=f"Dataset UID not found: {uid}"))


def _preview(settings: Config, form: UploadForm) -> CsvPreview:
    try:
        return service.preview_csv(uploaded_file(form), settings.datasets_dir)
    finally:
        form.file.discard()


def _create_from_upload(engine: Database, settings: Config, form: UploadForm) -> tuple[DatasetCreated, bool]:
    try:
        fields = parse_fields(DatasetForm, form.fields)
        registration = Registration(
            name=fields.name or without_ending(form.filename),
            description=fields.description,
            tags=fields.tags,
            mapping=fields.columns,
            new_version=fields.new_version,
            version=fields.version,
            message=fields.message,
            strict=fields.strict,
        )
        with open_session(engine) as db:
            dataset, is_new = service.register(db, settings, uploaded_file(form), registration)
            return views.show_created(dataset, created_message(is_new)), is_new
    finally:
        form.file.discard()


def _create_from_record(engine: Database, settings: Config, body: DatasetCreate) -> tuple[DatasetCreated, bool]:
    with open_session(engine) as db:
        dataset, is_new = service.create_from_record(engine, db, settings, body)
        return views.show_created(dataset, created_message(is_new)), is_new


def created_message(is_new: bool) -> str:
    return "Dataset created successfully" if is_new else "The same bytes are registered under this name already"
