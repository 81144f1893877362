"""The page of a job: state, charts, answers, logs and configuration, and the actions of its buttons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from backend.dependencies import Config, Db
from backend.jobs import lists, service
from backend.pages.compare.baselines import Baselines, baselines_for
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import JobCard, job_card, queue_note
from backend.pages.jobs.command_page import show_command
from backend.pages.jobs.configuration import ConfigurationGroup, configuration_groups
from backend.pages.jobs.failure import Failure, failure_of
from pegbox.schemas.jobs.job import FinetuneView
from pegbox.schemas.jobs.queue import JobResult
from pegbox.store.tables import Job

router = APIRouter(include_in_schema=False)

Tab = Literal["metrics", "answers", "logs", "configuration"]
JobKey = Annotated[str, Path(min_length=1, max_length=100)]


@dataclass(frozen=True)
class Latest:
    """The latest metrics as text, for the first render of the page."""

    train_loss: str
    validation_loss: str
    best: str
    learning_rate: str
    grad_norm: str
    tokens_per_second: str
    memory: str


@dataclass(frozen=True)
class Result:
    """The result of a completed job."""

    headline: str
    detail: str
    model_id: str
    model_name: str
    path: str


@dataclass(frozen=True)
class JobPage:
    job: JobCard
    tab: Tab
    latest: Latest
    failure: Failure | None
    problems: list[str]
    queue_note: str
    result: Result | None
    configuration: list[ConfigurationGroup]
    baselines: Baselines


@router.get("/jobs/{uid}", response_class=HTMLResponse)
def show_job(
    uid: JobKey,
    request: Request,
    db: Db,
    settings: Config,
    tab: Annotated[str, Query(max_length=20)] = "metrics",
    baseline: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    """The page of a job of any kind. `baseline` is the uid of the job whose curves are drawn for comparison."""
    job = service.get_job(db, uid)
    view = lists.show_job(db, job)
    if not isinstance(view, FinetuneView):
        return show_command(request, db, settings, view)
    page = JobPage(
        job=job_card(view),
        tab=_tab(tab),
        latest=_latest(view),
        failure=failure_of(view, settings) if view.state == "failed" else None,
        problems=view.validation.errors if view.state == "created" else [],
        queue_note=queue_note(view),
        result=_result(job, view) if view.state == "completed" else None,
        configuration=configuration_groups(view),
        baselines=baselines_for(db, job, baseline),
    )
    return render(request, "jobs/job.html", "job", layout=layout_for(request, db, settings, "Jobs"), page=page)


@router.post("/jobs/{uid}/start")
def start_job(uid: JobKey, db: Db, settings: Config) -> RedirectResponse:
    service.start_job(db, settings, uid)
    return _redirect_to_job(uid)


@router.post("/jobs/{uid}/resume")
def resume_job(uid: JobKey, db: Db) -> RedirectResponse:
    service.resume_job(db, uid)
    return _redirect_to_job(uid)


@router.post("/jobs/{uid}/pause")
def pause_job(uid: JobKey, db: Db) -> RedirectResponse:
    service.pause_job(db, uid)
    return _redirect_to_job(uid)


@router.post("/jobs/{uid}/cancel")
def cancel_job(uid: JobKey, db: Db) -> RedirectResponse:
    service.cancel_job(db, uid)
    return _redirect_to_job(uid)


@router.post("/jobs/{uid}/archive")
def archive_job(uid: JobKey, db: Db) -> RedirectResponse:
    service.archive_job(db, uid, archived=True)
    return _redirect_to_job(uid)


@router.post("/jobs/{uid}/restore")
def restore_job(uid: JobKey, db: Db) -> RedirectResponse:
    service.archive_job(db, uid, archived=False)
    return _redirect_to_job(uid)


@router.post("/jobs/{uid}/delete")
def delete_job(uid: JobKey, db: Db, settings: Config) -> RedirectResponse:
    service.delete_job(db, settings, uid)
    return RedirectResponse("/jobs", status_code=303)


def _redirect_to_job(uid: str) -> RedirectResponse:
    return RedirectResponse(f"/jobs/{uid}", status_code=303)


def _tab(name: str) -> Tab:
    known: dict[str, Tab] = {"answers": "answers", "logs": "logs", "configuration": "configuration"}
    return known.get(name, "metrics")


def _latest(view: FinetuneView) -> Latest:
    values = view.metrics
    memory = values.get("memory_bytes")
    best = values.get("best_validation_loss")
    return Latest(
        train_loss=filters.figure(values.get("train_loss")),
        validation_loss=filters.figure(values.get("validation_loss")),
        best=f"best {filters.figure(best)}" if isinstance(best, int | float) else "",
        learning_rate=filters.figure(values.get("learning_rate")),
        grad_norm=filters.figure(values.get("grad_norm")),
        tokens_per_second=filters.figure(values.get("tokens_per_second"), 0),
        memory=filters.size(memory) if isinstance(memory, int | float) else "–",
    )


def _result(job: Job, view: FinetuneView) -> Result:
    detail = job.results.get("detail")
    result = JobResult.model_validate(detail) if detail else JobResult()
    first, best = result.metrics.get("first_validation_loss"), result.metrics.get("best_validation_loss")
    parts: list[str] = []
    if result.exact_match and result.exact_match.total:
        share = round(100 * result.exact_match.correct / result.exact_match.total)
        parts.append(
            f"{result.exact_match.correct} of {result.exact_match.total} held-out answers word for word ({share} %)"
        )
    if first is not None and best is not None:
        parts.append(f"validation loss {filters.figure(first)} → {filters.figure(best)}")
    facts = [
        f"{filters.whole(result.steps)} steps in {filters.duration(result.runtime_seconds)}"
        if result.runtime_seconds
        else "",
        f"{filters.whole(result.trainable_parameters)} of {filters.whole(result.parameters)} parameters trained"
        if result.trainable_parameters and result.parameters
        else "",
        "stopped early" if result.stopped_early else "",
    ]
    return Result(
        headline=f"Done: {', '.join(parts)}." if parts else "Done.",
        detail=f"{' · '.join(fact for fact in facts if fact)}." if any(facts) else "",
        model_id=view.results.model_id or "",
        model_name="Open the model" if view.results.model_id else "",
        path=view.results.final_model_path or "",
    )
