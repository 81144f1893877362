"""Versions, files and uses of a dataset over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse

from backend.bodies import parse_fields, parse_json
from backend.datasets import service, uses, views
from backend.datasets.readers.formats import MEDIA_TYPES
from backend.datasets.registration import Registration
from backend.datasets.routes import DatasetKey, created_message, form_schema
from backend.datasets.upload_form import UploadForm, receive_upload_form, uploaded_file
from backend.datasets.versions import comparison
from backend.datasets.versions import service as versions
from backend.datasets.versions.diff import Kind
from backend.dependencies import Config, Database, Db
from backend.uploads import service as uploads
from backend.uploads.routes import UploadKey
from pegbox.errors import NotFoundError
from pegbox.schemas.dataset import (
    CsvPreview,
    DatasetCreated,
    DatasetDiff,
    DatasetForm,
    DatasetUses,
    DatasetVersionCreate,
    DatasetVersions,
)
from pegbox.store.database import open_session
from pegbox.web.error_handlers import error_responses
from pegbox.web.zip_stream import stream_zip

router = APIRouter(tags=["Datasets"])

WORD = r"^v?\d{1,6}(\.\d{1,6}){0,2}$"
VersionWord = Annotated[str | None, Query(max_length=30, pattern=WORD, description="Default: the newest version.")]
OlderWord = Annotated[
    str | None, Query(alias="from", max_length=30, pattern=WORD, description="Default: the parent of `to`.")
]
NewerWord = Annotated[
    str | None, Query(alias="to", max_length=30, pattern=WORD, description="Default: the newest version.")
]
CREATE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": DatasetVersionCreate.model_json_schema(mode="validation")},
            "multipart/form-data": {"schema": form_schema()},
        },
    }
}


@router.get(
    "/api/datasets/{uid}/versions",
    response_model=DatasetVersions,
    responses=error_responses(404, 422),
    summary="Get Dataset Versions",
)
def list_versions(uid: DatasetKey, db: Db) -> DatasetVersions:
    """Newest first."""
    dataset = service.get_dataset(db, uid)
    return DatasetVersions(versions=[views.show_version(version) for version in versions.list_versions(db, dataset)])


@router.post(
    "/api/datasets/{uid}/versions",
    status_code=201,
    response_model=DatasetCreated,
    openapi_extra=CREATE_BODY,
    responses={
        200: {"model": DatasetCreated, "description": "The newest version has these very bytes"},
        **error_responses(400, 404, 409, 413, 415, 422, 503),
    },
    summary="Add Dataset Version",
)
async def add_version(uid: DatasetKey, request: Request, settings: Config, engine: Database) -> JSONResponse:
    """Other bytes as the next version: multipart brings them along, JSON names an upload, a preview, or an old version to go
    back to. Files that an earlier version has are stored only once."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await receive_upload_form(request, settings.datasets_dir, settings.max_dataset_bytes)
        work = partial(_add_upload, engine, settings, uid, form)
    elif kind == "application/json" or kind.endswith("+json"):
        body = parse_json(DatasetVersionCreate, await request.body())
        work = partial(_add, engine, settings, uid, body)
    else:
        raise HTTPException(415, "Send application/json or multipart/form-data")
    answer, is_new = await to_thread.run_sync(work, limiter=request.app.state.csv_threads)
    return JSONResponse(answer.model_dump(mode="json", by_alias=True), status_code=201 if is_new else 200)


@router.get(
    "/api/datasets/{uid}/file",
    response_class=Response,
    responses={
        200: {
            "content": {kind: {} for kind in (*MEDIA_TYPES.values(), "application/zip")},
            "description": "The bytes as uploaded; several files as a ZIP archive",
        },
        **error_responses(404, 422),
    },
    summary="Download Dataset File",
)
def download_file(uid: DatasetKey, db: Db, settings: Config, version: VersionWord = None) -> Response:
    """A single file answers `Range` requests. `ETag` is the version's hash."""
    dataset = service.get_dataset(db, uid)
    found = versions.get_version(db, dataset, version) if version else versions.find_current(db, dataset)
    files = versions.list_files(db, found) if found else []
    sources = versions.source_files(settings.datasets_dir, files, dataset.name)
    if found is None:
        raise NotFoundError("The dataset has no file")
    stem = dataset.slug if found.version == dataset.version else f"{dataset.slug}-{found.version}"
    headers = {"ETag": f'"{found.hash or found.sha256}"'}
    if len(sources) == 1:
        kind = sources[0].format
        return FileResponse(sources[0].path, media_type=MEDIA_TYPES[kind], filename=f"{stem}.{kind}", headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{stem}.zip"'
    content = stream_zip((source.relpath, source.path) for source in sources)
    return StreamingResponse(content, media_type="application/zip", headers=headers)


@router.get(
    "/api/datasets/{uid}/diff",
    response_model=DatasetDiff,
    responses=error_responses(400, 404, 422, 503),
    summary="Compare Dataset Versions",
)
async def compare_versions(
    uid: DatasetKey,
    request: Request,
    settings: Config,
    engine: Database,
    older: OlderWord = None,
    newer: NewerWord = None,
    key: Annotated[str | None, Query(max_length=500, description="Column that tells rows apart.")] = None,
    kind: Annotated[Kind | None, Query(description="Only these rows.")] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DatasetDiff:
    """Rows that were added, removed or changed. Rows are paired by `key`, or by being equal in every cell."""
    work = partial(_compare, engine, settings, uid, comparison.DiffQuery(older, newer, key, kind, offset, limit))
    return await to_thread.run_sync(work, limiter=request.app.state.csv_threads)


@router.get(
    "/api/datasets/{uid}/uses",
    response_model=DatasetUses,
    responses=error_responses(404, 422),
    summary="Get Dataset Uses",
)
def list_uses(uid: DatasetKey, db: Db) -> DatasetUses:
    """The jobs that train or trained on it, the models they made, and the version that each saw."""
    return views.show_uses(uses.find_uses(db, service.get_dataset(db, uid)))


@router.get(
    "/api/uploads/{upload_id}/preview",
    response_model=CsvPreview,
    responses=error_responses(400, 404, 409, 413, 422, 503),
    summary="Preview Upload",
)
async def preview_upload(upload_id: UploadKey, request: Request, settings: Config, engine: Database) -> CsvPreview:
    """What a finished upload holds, as `POST /api/preview-csv` says it, in any of the formats."""
    work = partial(_preview, engine, settings, upload_id)
    return await to_thread.run_sync(work, limiter=request.app.state.csv_threads)


def _compare(engine: Database, settings: Config, uid: str, wanted: comparison.DiffQuery) -> DatasetDiff:
    with open_session(engine) as db:
        return comparison.compare(db, settings, service.get_dataset(db, uid), wanted)


def _preview(engine: Database, settings: Config, upload_id: str) -> CsvPreview:
    return service.preview(uploads.get_uploaded_file(engine, settings, upload_id), settings)


def _add(engine: Database, settings: Config, uid: str, body: DatasetVersionCreate) -> tuple[DatasetCreated, bool]:
    with open_session(engine) as db:
        dataset, is_new = service.add_version(engine, db, settings, uid, body)
        return views.show_created(dataset, created_message(is_new)), is_new


def _add_upload(engine: Database, settings: Config, uid: str, form: UploadForm) -> tuple[DatasetCreated, bool]:
    try:
        fields = parse_fields(DatasetForm, form.fields)
        with open_session(engine) as db:
            known = service.get_dataset(db, uid)
            db.rollback()  # releases the connection while the file is read
            registration = Registration(
                name=known.name,
                mapping=fields.columns or known.column_mapping,
                new_version=True,
                version=fields.version,
                message=fields.message,
                strict=fields.strict,
            )
            dataset, is_new = service.register(db, settings, uploaded_file(form), registration)
            return views.show_created(dataset, created_message(is_new)), is_new
    finally:
        form.file.discard()
