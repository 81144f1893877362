"""One model: what it is, where it comes from, what it scored and answered, and how to use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from backend.dependencies import Config, Database, Db
from backend.jobs import lists
from backend.models import files, lineage, service, tags
from backend.models.inference_process import InferenceProcess, find_folder
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import JobCard, job_card
from backend.pages.models.list_page import ModelRow, model_row
from backend.runs.service import find_run, newest_samples
from pegbox.errors import PegboxError
from pegbox.schemas.question import QuestionCreate
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import Job, Model

router = APIRouter(include_in_schema=False)

WHOLE = ("steps", "best_step", "parameters", "trainable_parameters")
ModelKey = Annotated[str, Path(min_length=1, max_length=500)]


@dataclass(frozen=True)
class LineageStep:
    """A step of the lineage; `href` is empty for deleted items."""

    kind: str
    name: str
    href: str
    note: str


@dataclass(frozen=True)
class Answer:
    prompt: str
    expected: str
    answer: str
    is_exact: bool


@dataclass(frozen=True)
class AskedQuestion:
    """A question sent by form, with its answer or error."""

    question: str
    answer: str = ""
    note: str = ""
    error: str = ""
    status: int = 200


@dataclass(frozen=True)
class ModelPage:
    """`snippet` loads the model in Python; empty when its files are not on this machine. `parts` are (label, address) of what can
    be exported, `children` (name, address) of models made from it."""

    model: ModelRow
    title: str
    description: str
    facts: list[tuple[str, str]]
    tags: list[str]
    steps: list[LineageStep]
    metrics: list[tuple[str, str]]
    answers: list[Answer]
    jobs: list[JobCard]
    path: str
    is_here: bool
    snippet: str
    asked: AskedQuestion | None
    stage: str
    stages: list[str]
    parts: list[tuple[str, str]]
    card: str
    children: list[tuple[str, str]]


@router.get("/models/{key:path}", response_class=HTMLResponse)
def show_model(key: ModelKey, request: Request, db: Db, settings: Config) -> HTMLResponse:
    """By id or uid; hub ids contain a slash."""
    return _page(request, db, settings, key, None)


@router.post("/models/ask", response_class=HTMLResponse)
async def ask_model(
    request: Request,
    settings: Config,
    engine: Database,
    id: Annotated[str, Form(max_length=500)],
    question: Annotated[str, Form(max_length=20_000)],
) -> HTMLResponse:
    """The model's page with its answer."""
    process: InferenceProcess = request.app.state.inference_process
    try:
        folder = await run_in_threadpool(find_folder, engine, id)
        found = await process.ask(id, folder, QuestionCreate(question=question))
        asked = AskedQuestion(question, found.answer, f"{found.tokens} tokens in {found.seconds:.1f} s")
    except ValueError:
        asked = AskedQuestion(question, error="Type a question.", status=422)
    except PegboxError as error:
        asked = AskedQuestion(question, error=error.message, status=error.status)
    return await run_in_threadpool(_answered, request, engine, settings, id, asked)


@router.post("/models/stage", response_class=HTMLResponse)
def set_stage(
    db: Db, id: Annotated[str, Form(max_length=500)], stage: Annotated[str, Form(max_length=20)] = ""
) -> RedirectResponse:
    """Sets or clears the stage of a model."""
    model = service.get_model(db, id)
    known = tags.stage_of(model)
    db.rollback()
    if stage in tags.STAGES:
        tags.tag_model(db, model.id, stage)
    elif known:
        tags.untag_model(db, model.id, known)
    return RedirectResponse(f"/models/{quote(model.id)}", status_code=303)


def _answered(request: Request, engine: Engine, settings: Settings, key: str, asked: AskedQuestion) -> HTMLResponse:
    with open_session(engine) as db:
        return _page(request, db, settings, key, asked)


def _page(request: Request, db: Session, settings: Settings, key: str, asked: AskedQuestion | None) -> HTMLResponse:
    model = service.get_model(db, key)
    job = lineage.job_of(db, model)
    path = model.location if model.source == "local" else ""
    is_here = bool(path) and FilePath(path).is_dir()
    page = ModelPage(
        model=model_row(model),
        title=model.name,
        description=model.description,
        facts=_facts(model),
        tags=model.tags,
        steps=_steps(db, model),
        metrics=_metrics(model.metrics),
        answers=_answers(db, job),
        jobs=[job_card(view) for view in lists.show_jobs(db, lineage.jobs_from(db, model))],
        path=path,
        is_here=is_here,
        snippet=_snippet(model) if is_here else "",
        asked=asked,
        stage=tags.stage_of(model),
        stages=list(tags.STAGES),
        parts=_parts(model) if is_here else [],
        card=files.read_card(model) if model.kind != "base" else "",
        children=[(child.name, f"/models/{child.id}") for child in lineage.children(db, model)],
    )
    layout = layout_for(request, db, settings, "Models")
    return render(
        request, "models/model.html", "model", layout=layout, page=page, status=asked.status if asked else 200
    )


def _parts(model: Model) -> list[tuple[str, str]]:
    path = f"/api/models/{quote(model.id, safe='')}/export"
    if model.kind != "adapter":
        return [("Export", path)]
    merged = [("Export merged", f"{path}?part=merged")] if model.extra.get("merged_path") else []
    return [("Export adapter", f"{path}?part=adapter"), *merged]


def _metrics(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (name, filters.whole(value) if isinstance(value, int) or name in WHOLE else filters.figure(value))
        for name, value in sorted(metrics.items())
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    exact = metrics.get("exact_match")
    if isinstance(exact, dict) and exact.get("total"):
        rows.insert(0, ("answers word for word", f"{exact['correct']} of {exact['total']}"))
    return rows


def _facts(model: Model) -> list[tuple[str, str]]:
    row = model_row(model)
    adapter = model.adapter or {}
    facts = [
        ("Id", model.id),
        ("Parameters", row.parameters),
        ("Context", f"{row.context} tokens" if model.context_length else ""),
        ("Size", row.size),
        ("Licence", model.license),
        ("Provider", model.provider),
        ("Adapter", f"{adapter.get('method')}, r {adapter.get('r')}, alpha {adapter.get('alpha')}" if adapter else ""),
        ("Use", model.use_case),
    ]
    return [(label, text) for label, text in facts if text]


def _steps(db: Session, model: Model) -> list[LineageStep]:
    """From the first base model to this one: model, dataset, job, model, …"""
    steps: list[LineageStep] = []
    for ancestor in reversed(lineage.ancestors(db, model)):
        href = f"/models/{ancestor.model_id}" if ancestor.in_collection else ""
        steps.append(LineageStep("Base model" if not steps else "Model", ancestor.name, href, ""))
        if ancestor.dataset:
            rows = ancestor.dataset.get("rows")
            note = f"{filters.whole(rows)} rows" if isinstance(rows, int) else ""
            version = str(ancestor.dataset.get("version") or "")
            known = str(ancestor.dataset.get("hash") or "")[:12]
            note = ", ".join(part for part in (note, version, f"{known}…" if known else "") if part)
            uid = str(ancestor.dataset.get("uid") or "")
            steps.append(LineageStep("Dataset", str(ancestor.dataset.get("name") or uid), f"/datasets/{uid}", note))
        if ancestor.job is not None:
            steps.append(LineageStep("Job", ancestor.job.name, f"/jobs/{ancestor.job.uid}", ""))
    if steps:
        steps.append(LineageStep("This model", model.name, "", ""))
    return steps


def _answers(db: Session, job: Job | None) -> list[Answer]:
    run = find_run(db, job.run_id) if job else None
    sample = newest_samples(db, [run.id]).get(run.id) if run else None
    return [
        Answer(row["prompt"], row["expected"], row["answer"], row["answer"].strip() == row["expected"].strip())
        for row in (sample.rows if sample else [])
    ]


def _snippet(model: Model) -> str:
    if model.kind == "adapter" and not model.extra.get("merged_path"):
        return (
            "from peft import AutoPeftModelForCausalLM\nfrom transformers import AutoTokenizer\n\n"
            f'path = "{model.location}"\nmodel = AutoPeftModelForCausalLM.from_pretrained(path)\n'
            "tokenizer = AutoTokenizer.from_pretrained(path)"
        )
    return (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        f'path = "{model.extra.get("merged_path") or model.location}"\n'
        "model = AutoModelForCausalLM.from_pretrained(path)\ntokenizer = AutoTokenizer.from_pretrained(path)"
    )
