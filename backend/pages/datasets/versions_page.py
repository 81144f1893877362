"""The versions of a dataset, with rollback and the form for the next version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from backend.datasets import service, uses
from backend.datasets.registration import Registration
from backend.datasets.upload_form import UploadForm, receive_upload_form, uploaded_file
from backend.datasets.versions import service as versions
from backend.datasets.views import size_text
from backend.dependencies import Config, Database, Db
from backend.pages.datasets.list_page import DatasetKey
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import DatasetVersion

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class VersionRow:
    """`used` are (kind, name, address) of jobs and models that used the version."""

    version: str
    message: str
    rows: int
    files: int
    size: str
    hash: str
    parent: str | None
    is_newest: bool
    is_valid: bool
    created_at: datetime
    used: list[tuple[str, str, str]]


@dataclass(frozen=True)
class VersionsPage:
    uid: str
    name: str
    slug: str
    newest: str
    versions: list[VersionRow]
    error: str


@router.get("/datasets/{key}/versions", response_class=HTMLResponse)
def show_versions(key: DatasetKey, request: Request, db: Db, settings: Config) -> HTMLResponse:
    """Newest first, with uses."""
    return _page(request, db, settings, key)


@router.post("/datasets/{key}/versions", response_class=HTMLResponse)
async def add_version(key: DatasetKey, request: Request, settings: Config, engine: Database) -> Response:
    """A file as the next version."""
    try:
        form = await receive_upload_form(request, settings.datasets_dir, settings.max_dataset_bytes)
        await run_in_threadpool(_add, engine, settings, key, form)
    except PegboxError as error:
        return await run_in_threadpool(_refused, request, engine, settings, key, error)
    return RedirectResponse(f"/datasets/{key}/versions", status_code=303)


@router.post("/datasets/{key}/rollback", response_class=HTMLResponse)
def roll_back(
    key: DatasetKey, request: Request, db: Db, settings: Config, version: Annotated[str, Form(max_length=30)]
) -> Response:
    """Makes an old version the newest one again."""
    try:
        versions.roll_back(db, settings.datasets_dir, service.get_dataset(db, key), version, "")
    except PegboxError as error:
        db.rollback()
        return _page(request, db, settings, key, error)
    return RedirectResponse(f"/datasets/{key}/versions", status_code=303)


def _page(
    request: Request, db: Session, settings: Settings, key: str, error: PegboxError | None = None
) -> HTMLResponse:
    dataset = service.get_dataset(db, key)
    used: dict[str, list[tuple[str, str, str]]] = {}
    found = uses.find_uses(db, dataset)
    for kind, items in (("job", found.jobs), ("model", found.models)):
        for item in items:
            item_id = (item.uid if kind == "job" else item.id) or ""
            version = found.versions.get(item_id, "")
            used.setdefault(version, []).append((kind, item.name, f"/{kind}s/{item_id}"))
    rows = [_row(row, dataset.version, used.get(row.version, [])) for row in versions.list_versions(db, dataset)]
    page = VersionsPage(dataset.uid, dataset.name, dataset.slug, dataset.version, rows, error.message if error else "")
    layout = layout_for(request, db, settings, "Datasets")
    return render(
        request, "datasets/versions.html", "dataset", layout=layout, page=page, status=error.status if error else 200
    )


def _row(version: DatasetVersion, newest: str, used: list[tuple[str, str, str]]) -> VersionRow:
    return VersionRow(
        version=version.version,
        message=version.message,
        rows=version.rows,
        files=version.files,
        size=size_text(version.size_bytes),
        hash=version.hash or "",
        parent=version.parent,
        is_newest=version.version == newest,
        is_valid=not version.errors,
        created_at=version.created_at,
        used=used,
    )


def _refused(request: Request, engine: Database, settings: Settings, key: str, error: PegboxError) -> HTMLResponse:
    with open_session(engine) as db:
        return _page(request, db, settings, key, error)


def _add(engine: Database, settings: Settings, key: str, form: UploadForm) -> None:
    try:
        with open_session(engine) as db:
            known = service.get_dataset(db, key)
            message = form.fields.get("message", "").strip()[:2000]
            registration = Registration(
                name=known.name, mapping=known.column_mapping, new_version=True, message=message
            )
            db.rollback()
            service.register(db, settings, uploaded_file(form), registration)
    finally:
        form.file.discard()
