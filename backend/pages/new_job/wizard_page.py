"""The wizard for a new fine-tuning job: five steps with a URL each, which edit one draft on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from backend.datasets import service as datasets
from backend.dependencies import Config, Database, Db
from backend.jobs import lists
from backend.jobs import service as jobs
from backend.models.catalogue import STARTER_ID
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render, render_part
from backend.pages.jobs.card import METHOD_WORDS
from backend.pages.new_job.choices import (
    DatasetChoice,
    MethodChoice,
    ModelChoices,
    dataset_choices,
    method_choices,
    model_choices,
)
from backend.pages.new_job.draft import (
    CheckedDraft,
    JobDraft,
    Step,
    check_draft,
    discard_draft,
    draft_of_job,
    fields_of,
    fill_step,
    job_of,
    load_draft,
    save_draft,
)
from backend.pages.new_job.fields import GROUPS, Group, HyperparameterField, text_of
from backend.pages.new_job.receipt import Receipt, receipt_of
from backend.pages.new_job.review import Review, review_of
from pegbox.errors import PegboxError
from pegbox.settings import Settings
from pegbox.store.database import open_session

router = APIRouter(include_in_schema=False)

STEPS: tuple[tuple[Step, str, str], ...] = (
    ("data", "Data", "What it learns from"),
    ("model", "Model", "What it starts from"),
    ("method", "Method", "How it learns, and how long"),
    ("resources", "Resources", "What it may take of the machine"),
    ("review", "Review", "Everything once more"),
)
ORDER: tuple[Step, ...] = get_args(Step)
FOLDED_GROUPS: frozenset[Group] = frozenset({"schedule", "evaluation"})


@dataclass(frozen=True)
class StepLink:
    value: Step
    number: int
    label: str
    current: bool
    note: str


@dataclass(frozen=True)
class FieldView:
    """A hyperparameter field with its text and with the default for the chosen model and method."""

    field: HyperparameterField
    value: str
    default: str
    error: str


@dataclass(frozen=True)
class FieldSection:
    """A section of fields. `folded` sections are collapsed; `adapter` sections are shown only for methods with an adapter."""

    title: str
    fields: list[FieldView]
    folded: bool
    adapter: bool


@dataclass(frozen=True)
class NewJobPage:
    step: Step
    title: str
    sentence: str
    steps: list[StepLink]
    before: Step | None
    after: Step | None
    draft: JobDraft
    name: str
    method: str
    problems: list[str]
    datasets: list[DatasetChoice]
    models: ModelChoices | None
    methods: list[MethodChoice]
    sections: list[FieldSection]
    receipt: Receipt
    review: Review | None


@router.get("/jobs/new")
def start_wizard(
    db: Db,
    dataset: Annotated[str, Query(max_length=200)] = "",
    model: Annotated[str, Query(max_length=500)] = "",
    source: Annotated[str, Query(max_length=100, alias="from")] = "",
    step: Step = "review",
) -> Response:
    """Starts or continues the wizard and redirects to a step.

    `dataset` and `model` are stored in the draft; `from` replaces the draft by the values of an existing job and opens `step`.
    """
    if source:
        draft = draft_of_job(db, lists.show_finetune(db, jobs.get_job(db, source)))
    else:
        draft, step = _load_with_defaults(db), "data"
    if dataset and (found := datasets.find_dataset(db, dataset)):
        draft.dataset, step = found.uid, "model"
    if model:
        draft.model, step = model, "method" if draft.dataset else "data"
    save_draft(db, draft)
    return RedirectResponse(f"/jobs/new/{step}", status_code=303)


def _load_with_defaults(db: Session) -> JobDraft:
    """The draft with default choices: the only valid dataset, and the starter model."""
    draft = load_draft(db)
    if not draft.dataset:
        valid = [entry.uid for entry in datasets.list_datasets(db) if entry.is_valid]
        draft.dataset = valid[0] if len(valid) == 1 else ""
    draft.model = draft.model or STARTER_ID
    return draft


@router.get("/jobs/new/{step}", response_class=HTMLResponse)
def show_step(request: Request, db: Db, settings: Config, step: Step, check: bool = False) -> HTMLResponse:
    """One step. With `check`, the first problem of the draft is shown at the top."""
    checked = check_draft(db, _load_with_defaults(db))
    return _page(request, db, settings, checked, step, [f"{checked.missing}."] if check and checked.missing else [])


@router.post("/jobs/new/{step}", response_class=HTMLResponse)
async def send_step(request: Request, settings: Config, engine: Database, step: Step) -> Response:
    """Stores the fields of the step and performs the action `go`: `stay`, the name of a step, `start`, `save` or `discard`."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415, "Send the form as application/x-www-form-urlencoded")
    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_submit_step, request, engine, settings, step, form)


def _submit_step(request: Request, engine: Engine, settings: Settings, step: Step, form: Mapping[str, str]) -> Response:
    go = form.get("go", "")
    with open_session(engine) as db:
        if go == "discard":
            discard_draft(db)
            return RedirectResponse("/jobs/new", status_code=303)
        draft = _load_with_defaults(db)
        fill_step(db, draft, step, form)
        checked = save_draft(db, draft)
        if go == "stay":
            return render_part("new_job/_receipt.html", part=receipt_of(db, checked))
        if go in ("start", "save"):
            return _create(request, db, settings, checked, step, auto_start=go == "start")
        following = go if go in ORDER else step
        if _has_errors(checked, step) and ORDER.index(following) > ORDER.index(step):
            return _page(request, db, settings, checked, step, ["Some values do not fit; they are marked below."])
        return RedirectResponse(f"/jobs/new/{following}", status_code=303)


def _create(
    request: Request, db: Session, settings: Settings, checked: CheckedDraft, step: Step, *, auto_start: bool
) -> Response:
    if checked.missing:
        return RedirectResponse(f"/jobs/new/{checked.missing_at}?check=1", status_code=303)
    try:
        job = jobs.create_job(db, settings, job_of(checked, auto_start=auto_start), strict=auto_start)
    except PegboxError as error:
        db.rollback()
        problems = [str(finding["msg"]) for finding in error.errors] or [error.message]
        return _page(request, db, settings, checked, step, problems)
    uid = job.uid
    discard_draft(db)
    return RedirectResponse(f"/jobs/{uid}", status_code=303)


def _page(
    request: Request, db: Session, settings: Settings, checked: CheckedDraft, step: Step, problems: list[str]
) -> HTMLResponse:
    position = ORDER.index(step)
    _, title, sentence = STEPS[position]
    page = NewJobPage(
        step=step,
        title=title,
        sentence=sentence,
        steps=[
            StepLink(value, number, label, value == step, _step_summary(checked, value))
            for number, (value, label, _) in enumerate(STEPS, start=1)
        ],
        before=ORDER[position - 1] if position else None,
        after=ORDER[position + 1] if position + 1 < len(ORDER) else None,
        draft=checked.draft,
        name=checked.name,
        method=checked.method,
        problems=problems,
        datasets=dataset_choices(db) if step == "data" else [],
        models=model_choices(db, checked.draft.model) if step == "model" else None,
        methods=method_choices(db) if step == "method" else [],
        sections=_sections(checked, step),
        receipt=receipt_of(db, checked),
        review=review_of(db, settings, checked) if step == "review" else None,
    )
    layout = layout_for(request, db, settings, "New job")
    return render(request, "new_job/new_job.html", "new-job", layout=layout, page=page, status=422 if problems else 200)


def _step_summary(checked: CheckedDraft, step: Step) -> str:
    """A short summary of the choices of a step."""
    if step == "data":
        return checked.dataset.name if checked.dataset else "not chosen"
    if step == "model":
        return checked.model.name if checked.model else "not chosen"
    if _has_errors(checked, step):
        return "to be checked"
    if step == "method":
        return f"{METHOD_WORDS[checked.method]}, {_duration_text(checked)}"
    return f"{checked.resolved.effective_batch_size} rows a step" if step == "resources" else ""


def _duration_text(checked: CheckedDraft) -> str:
    values = checked.resolved
    if values.max_steps:
        return f"{values.max_steps} steps"
    return "1 epoch" if values.epochs == 1 else f"{values.epochs:g} epochs"


def _has_errors(checked: CheckedDraft, step: Step) -> bool:
    return any(item.name in checked.errors for item in fields_of(step))


def _sections(checked: CheckedDraft, step: Step) -> list[FieldSection]:
    views = [
        FieldView(
            item,
            checked.draft.values.get(item.name, default := text_of(item, checked.defaults)),
            default,
            checked.errors.get(item.name, ""),
        )
        for item in fields_of(step)
    ]
    sections = []
    for group, title in GROUPS.items():
        fields = [view for view in views if view.field.group == group]
        changed = any(view.value != view.default or view.error for view in fields)
        if fields:
            sections.append(FieldSection(title, fields, group in FOLDED_GROUPS and not changed, group == "adapter"))
    return sections
