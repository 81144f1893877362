"""The form for a new job: shown, filled from an earlier job, sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from backend.bell import ring
from backend.datasets import repository as datasets
from backend.datasets.views import size_text
from backend.dependencies import Config, Database, Db
from backend.jobs import lists
from backend.jobs import service as jobs
from backend.models import repository as models
from backend.pages.hyperparameter_fields import FIELDS, GROUPS, HyperparameterField
from backend.pages.job_form import JobForm, empty_form, form_from_job, job_from_form, parse_form
from backend.pages.layout import layout_for
from backend.pages.models import ModelRow, model_row
from backend.pages.rendering import render
from backend.workers.service import list_live_workers, refusal
from pegbox.errors import PegboxError
from pegbox.schemas.hyperparameters import Method
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import Model

router = APIRouter(include_in_schema=False)

METHODS: tuple[tuple[Method, str, str], ...] = (
    ("full", "Full", "Trains every weight. Best for the starter and small models; needs the most memory."),
    ("lora", "LoRA", "Trains a small adapter beside the weights. The usual choice for models of a billion and more."),
    ("qlora", "QLoRA", "LoRA on 4-bit weights: the least GPU memory, somewhat slower."),
    ("loftq", "LoftQ", "QLoRA with an adapter that starts by making up for the 4-bit loss."),
)


@dataclass(frozen=True)
class DatasetChoice:
    uid: str
    name: str
    rows: int
    size: str


@dataclass(frozen=True)
class ModelChoice:
    id: str
    name: str
    source: str
    parameters: str
    second: str


@dataclass(frozen=True)
class ModelChoices:
    """The first are shown at once: the starter, what is recommended or made here, and the chosen one."""

    first: list[ModelChoice]
    others: list[ModelChoice]


@dataclass(frozen=True)
class MethodChoice:
    """`refusal` says why no present worker can run it; empty when one can, or none is here to ask."""

    value: str
    label: str
    hint: str
    refusal: str


@dataclass(frozen=True)
class FormFields:
    """The hyperparameters as the form groups them."""

    main: list[HyperparameterField]
    adapter: list[HyperparameterField]
    more: list[tuple[str, list[HyperparameterField]]]


@dataclass(frozen=True)
class NewJobPage:
    sentence: str
    form: JobForm
    errors: list[str]
    datasets: list[DatasetChoice]
    models: ModelChoices
    methods: list[MethodChoice]
    fields: FormFields
    more_open: bool
    worker_note: str


@router.get("/jobs/new", response_class=HTMLResponse)
def show_new_job(
    request: Request,
    db: Db,
    settings: Config,
    dataset: Annotated[str, Query(max_length=200)] = "",
    model: Annotated[str, Query(max_length=500)] = "",
    source: Annotated[str, Query(max_length=100, alias="from")] = "",
) -> HTMLResponse:
    """The form, with what the address names chosen; `from` copies an earlier job."""
    form = form_from_job(lists.show_job(db, jobs.get_job(db, source))) if source else empty_form()
    valid = [entry for entry in datasets.list_datasets(db) if entry.is_valid]
    chosen = next((entry.uid for entry in valid if dataset in (entry.uid, entry.slug)), "")
    form.dataset = chosen or form.dataset or (valid[0].uid if len(valid) == 1 else "")
    form.model = model or form.model or "starter"
    return _page(request, db, settings, form, [])


@router.post("/jobs/new", response_class=HTMLResponse)
async def create_job(request: Request, settings: Config, engine: Database) -> Response:
    """Makes the job; a form that does not fit comes back with what is wrong, field by field."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415, "Send the form as application/x-www-form-urlencoded")
    sent = await request.form()
    form = parse_form({name: str(value) for name, value in sent.items()})
    return await run_in_threadpool(_create, request, engine, settings, form)


def _create(request: Request, engine: Engine, settings: Settings, form: JobForm) -> Response:
    with open_session(engine) as db:
        errors = list(form.problems)
        if not errors and not form.errors:
            try:
                job = jobs.create_job(db, settings, job_from_form(form, db), strict=form.auto_start)
            except PegboxError as error:
                db.rollback()
                errors = [str(finding["msg"]) for finding in error.errors] or [error.message]
            else:
                ring(request.app)
                return RedirectResponse(f"/jobs/{job.uid}", status_code=303)
        if form.errors:
            errors.append("Some values do not fit; they are marked below.")
        return _page(request, db, settings, form, errors)


def _page(request: Request, db: Session, settings: Settings, form: JobForm, errors: list[str]) -> HTMLResponse:
    methods = [_method(db, *method) for method in METHODS]
    page = NewJobPage(
        sentence="Data, model, method: the rest has defaults that make a sensible run.",
        form=form,
        errors=errors,
        datasets=[
            DatasetChoice(entry.uid, entry.name, entry.rows, size_text(entry.size_bytes))
            for entry in datasets.list_datasets(db)
            if entry.is_valid
        ],
        models=_models(db, form.model),
        methods=methods,
        fields=FormFields(
            main=[field for field in FIELDS if field.group == "main"],
            adapter=[field for field in FIELDS if field.group == "adapter"],
            more=[
                (title, [field for field in FIELDS if field.group == group])
                for group, title in GROUPS.items()
                if group not in ("main", "adapter")
            ],
        ),
        more_open=any(form.errors.get(field.name) for field in FIELDS if field.group not in ("main", "adapter")),
        worker_note=_worker_note(db),
    )
    layout = layout_for(request, db, settings, "New job")
    return render(request, "new_job.html", "new-job", layout=layout, page=page, status=422 if errors else 200)


def _models(db: Session, chosen: str) -> ModelChoices:
    """The starter first, then what was made here, then base models."""
    first: list[ModelChoice] = []
    others: list[ModelChoice] = []
    for model in sorted(models.list_models(db), key=lambda model: model.source != "starter"):
        row = model_row(model)
        if not row.trainable:
            continue
        is_first = row.recommended or model.kind != "base" or model.id == chosen
        choice = ModelChoice(model.id, row.name, model.source, row.parameters, _model_line(model, row))
        (first if is_first else others).append(choice)
    return ModelChoices(first, others)


def _model_line(model: Model, row: ModelRow) -> str:
    if model.source == "starter":
        return "Built on this machine from your data; no network, about a minute"
    return model.use_case or row.second


def _method(db: Session, value: Method, label: str, hint: str) -> MethodChoice:
    return MethodChoice(value, label, hint, refusal(db, value) or "")


def _worker_note(db: Session) -> str:
    workers = list_live_workers(db)
    if not workers:
        return "none is running; the job will wait"
    free = sum(1 for worker in workers if not worker.job_uid)
    return "one is free, starts at once" if free else "all are busy, starts when one is free"
