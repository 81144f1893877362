"""Datasets: the list with its import panel, and one dataset with its rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from backend.datasets import service, uses
from backend.datasets.columns import REQUIRED_COLUMNS, full_mapping
from backend.datasets.registration import Registration
from backend.datasets.upload_form import UploadForm, receive_upload_form, uploaded_file
from backend.datasets.views import size_text
from backend.dependencies import Config, Database, Db
from backend.jobs import lists
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import JobCard, job_card
from pegbox.errors import NotFoundError, PegboxError, ValidationError
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import Dataset

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
DatasetKey = Annotated[str, Path(min_length=1, max_length=200)]


@dataclass(frozen=True)
class DatasetRow:
    """A dataset in the list."""

    uid: str
    name: str
    description: str
    rows: int
    size: str
    mapping_text: str
    is_valid: bool
    jobs: int
    created_at: datetime


@dataclass(frozen=True)
class DatasetsPage:
    datasets: list[DatasetRow]
    error: str


@dataclass(frozen=True)
class DatasetDetail:
    """A dataset on its own page; `roles` names the role of the columns that have one."""

    uid: str
    slug: str
    name: str
    description: str
    version: str
    tags: list[str]
    rows: int
    size: str
    sha256: str | None
    columns: list[str]
    roles: dict[str, str]
    input_column: str
    output_column: str
    is_valid: bool
    errors: list[str]
    warnings: list[str]
    created_at: datetime


@dataclass(frozen=True)
class Line:
    """A row of the file and the line it starts on."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Chat:
    """A row as a conversation: the question and the expected answer."""

    line: int
    question: str
    answer: str


@dataclass(frozen=True)
class DatasetPage:
    """`views` are (label, address, is it shown); `previous` and `next` are addresses."""

    dataset: DatasetDetail
    rows: list[Line]
    chats: list[Chat]
    is_chat: bool
    query: str
    offset: int
    total: int
    views: list[tuple[str, str, bool]]
    previous: str | None
    next: str | None
    jobs: list[JobCard]
    used: str
    error: str


@router.get("/datasets", response_class=HTMLResponse)
def show_datasets(request: Request, db: Db, settings: Config) -> HTMLResponse:
    """All datasets, with the import form."""
    return _list(request, db, settings)


@router.post("/datasets", response_class=HTMLResponse)
async def register_dataset(request: Request, settings: Config, engine: Database) -> Response:
    """Registers an uploaded CSV from a form, without script."""
    try:
        form = await receive_upload_form(request, settings.datasets_dir, settings.max_dataset_bytes)
        uid = await run_in_threadpool(_register, engine, settings, form)
    except PegboxError as error:
        return await run_in_threadpool(_refused, request, engine, settings, error)
    return RedirectResponse(f"/datasets/{uid}", status_code=303)


@router.get("/datasets/{key}", response_class=HTMLResponse)
def show_dataset(
    key: DatasetKey,
    request: Request,
    db: Db,
    settings: Config,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    q: Annotated[str, Query(max_length=200)] = "",
    view: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """A dataset with its rows as table or chat, its warnings, and its jobs."""
    dataset = service.get_dataset(db, key)
    query = q.strip()
    rows, error = _rows(db, settings, dataset, offset, query)
    detail = _detail(dataset)
    used = uses.find_uses(db, dataset)
    is_chat = view == "chat" and dataset.is_valid

    def href(**changes: object) -> str:
        values = {"q": query, "view": "chat" if is_chat else "", "offset": "", **changes}
        return f"?{urlencode({name: value for name, value in values.items() if value})}"

    context = DatasetPage(
        dataset=detail,
        rows=rows,
        chats=_chats(rows, detail) if is_chat else [],
        is_chat=is_chat,
        query=query,
        offset=offset,
        total=dataset.rows,
        views=[("Table", href(view=""), not is_chat), ("Chat", href(view="chat"), is_chat)] if dataset.is_valid else [],
        previous=href(offset=max(0, offset - PAGE_SIZE)) if offset else None,
        next=href(offset=offset + PAGE_SIZE) if len(rows) == PAGE_SIZE else None,
        jobs=[job_card(job) for job in lists.show_jobs(db, used.jobs)],
        used=f"{used.sentence}. " if used.in_use else "",
        error=error,
    )
    return render(
        request, "datasets/dataset.html", "dataset", layout=layout_for(request, db, settings, "Datasets"), page=context
    )


@router.post("/datasets/{key}/delete")
def delete_dataset(
    key: DatasetKey, db: Db, settings: Config, force: Annotated[bool, Form()] = False
) -> RedirectResponse:
    """`force` comes from the dialog, which shows the uses; without it a dataset in use is refused."""
    service.delete_dataset(db, settings.datasets_dir, key, force=force)
    return RedirectResponse("/datasets", status_code=303)


def _list(request: Request, db: Session, settings: Settings, error: PegboxError | None = None) -> HTMLResponse:
    jobs = lists.list_jobs(db, None, None, None).jobs
    used = Counter(job.configuration.dataset.uid for job in jobs if job.configuration)
    rows = [_row(dataset, used[dataset.uid] + used[dataset.slug]) for dataset in service.list_datasets(db)]
    page = DatasetsPage(rows, error.message if error else "")
    layout = layout_for(request, db, settings, "Datasets")
    return render(
        request, "datasets/datasets.html", "datasets", layout=layout, page=page, status=error.status if error else 200
    )


def _refused(request: Request, engine: Engine, settings: Settings, error: PegboxError) -> HTMLResponse:
    with open_session(engine) as db:
        return _list(request, db, settings, error)


def _register(engine: Engine, settings: Settings, form: UploadForm) -> str:
    try:
        name = form.fields.get("name", "").strip()[:200]
        if not name:
            raise ValidationError("Give the dataset a name")
        mapping = {role: form.fields[role].strip() for role in REQUIRED_COLUMNS if form.fields.get(role)}
        registration = Registration(name=name, mapping=mapping, strict=True)
        with open_session(engine) as db:
            dataset, _ = service.register(db, settings, uploaded_file(form), registration)
            return dataset.uid
    finally:
        form.file.discard()


def _row(dataset: Dataset, jobs: int) -> DatasetRow:
    detail = _detail(dataset)
    return DatasetRow(
        uid=dataset.uid,
        name=dataset.name,
        description=dataset.description,
        rows=dataset.rows,
        size=detail.size,
        mapping_text=f"{detail.input_column} → {detail.output_column}"
        if dataset.is_valid
        else ", ".join(dataset.columns[:4]),
        is_valid=dataset.is_valid,
        jobs=jobs,
        created_at=dataset.created_at,
    )


def _detail(dataset: Dataset) -> DatasetDetail:
    mapping = full_mapping(dataset)
    return DatasetDetail(
        uid=dataset.uid,
        slug=dataset.slug,
        name=dataset.name,
        description=dataset.description,
        version=dataset.version,
        tags=dataset.tags,
        rows=dataset.rows,
        size=size_text(dataset.size_bytes),
        sha256=dataset.sha256,
        columns=dataset.columns,
        roles={column: role for role, column in mapping.items() if column in dataset.columns},
        input_column=mapping["input"],
        output_column=mapping["output"],
        is_valid=dataset.is_valid,
        errors=[str(error) for error in dataset.errors],
        warnings=[str(warning) for warning in dataset.warnings],
        created_at=dataset.created_at,
    )


def _chats(rows: list[Line], dataset: DatasetDetail) -> list[Chat]:
    places = [dataset.columns.index(column) for column in (dataset.input_column, dataset.output_column)]
    return [Chat(row.line, row.cells[places[0]], row.cells[places[1]]) for row in rows]


def _rows(db: Session, settings: Settings, dataset: Dataset, offset: int, query: str) -> tuple[list[Line], str]:
    try:
        records = service.read_rows(db, settings.datasets_dir, dataset, offset, PAGE_SIZE, query)
    except (NotFoundError, ValidationError) as error:
        return [], error.message
    width = len(dataset.columns)
    return [Line(record.line, [*record.cells, *[""] * width][:width]) for record in records], ""
