"""The first page: running, waiting and finished jobs; without jobs, three steps to a first model."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from backend.datasets import service as datasets
from backend.dependencies import Config, Db
from backend.jobs import lists
from backend.pages.frame.html_route import HtmlRoute
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import JobCard, job_card
from backend.workers.service import list_live_workers
from pegbox.schemas.jobs.job import JobView
from pegbox.schemas.jobs.lists import JobStatistics
from pegbox.schemas.jobs.queue import Capabilities
from pegbox.schemas.jobs.state import TERMINAL_STATES

router = APIRouter(include_in_schema=False, route_class=HtmlRoute)

FINISHED_SHOWN = 8
MOST_SHOWN = 100


@dataclass(frozen=True)
class FirstStep:
    """A step to a first model; `next` marks the current one."""

    title: str
    text: str
    href: str
    link: str
    done: bool
    next: bool


@dataclass(frozen=True)
class OverviewPage:
    """`first_steps` is empty once a job has been made."""

    sentence: str
    first_steps: list[FirstStep]
    running: list[JobCard]
    queued: list[JobCard]
    queue_note: str
    finished: list[JobCard]
    machine: str
    active: bool


@router.get("/", response_class=HTMLResponse)
def show_overview(request: Request, db: Db, settings: Config) -> HTMLResponse:
    """For browsers; other clients get JSON at this path."""
    counts = lists.statistics(db)
    workers = len(list_live_workers(db))
    page = OverviewPage(
        sentence=_sentence(counts),
        first_steps=_first_steps(db) if not counts.total else [],
        running=[job_card(job) for job in _in_state(db, "running")],
        queued=[job_card(job) for job in reversed(_in_state(db, "queued"))],
        queue_note="" if workers else "no worker is running: start one with pegbox worker",
        finished=[job_card(job) for job in lists.list_jobs(db, TERMINAL_STATES, FINISHED_SHOWN, 0).jobs],
        machine=_machine(db),
        active=counts.current.running + counts.current.queued > 0,
    )
    return render(
        request, "system/overview.html", "overview", layout=layout_for(request, db, settings, "Overview"), page=page
    )


def _in_state(db: Session, state: str) -> list[JobView]:
    return lists.list_jobs(db, [state], MOST_SHOWN, 0).jobs


def _sentence(counts: JobStatistics) -> str:
    if not counts.total:
        return "From a CSV to a model of your own in three steps."
    parts = [
        f"{number} {word}"
        for number, word in (
            (counts.current.running, "running"),
            (counts.current.queued, "waiting"),
            (counts.current.paused, "paused"),
            (counts.past.completed, "done"),
            (counts.past.failed, "failed"),
        )
        if number
    ]
    return f"{', '.join(parts)}." if parts else "Nothing is running."


def _first_steps(db: Session) -> list[FirstStep]:
    has_data = any(dataset.is_valid for dataset in datasets.list_datasets(db))
    return [
        FirstStep(
            "Add data",
            "A CSV with a column of questions and a column of the answers you want.",
            "/datasets#import",
            "Import a CSV",
            has_data,
            not has_data,
        ),
        FirstStep(
            "Choose a model",
            "The starter model needs no network. Others come from the hub or a folder of yours.",
            "/models",
            "See the models",
            False,
            False,
        ),
        FirstStep(
            "Start training",
            "The defaults make a sensible run. Watch its curves live, read its answers before and after.",
            "/jobs/new",
            "Make a job",
            False,
            has_data,
        ),
    ]


def _machine(db: Session) -> str:
    """GPUs of the live workers."""
    gpus: list[str] = []
    for worker in list_live_workers(db):
        gpus += Capabilities.model_validate(worker.capabilities).gpus
    if not gpus:
        return "No worker reports a GPU: the starter and small models train on the CPU."
    return ", ".join(f"{gpus.count(name)} × {name}" for name in dict.fromkeys(gpus))
