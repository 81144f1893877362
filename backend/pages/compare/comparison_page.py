"""Comparison of runs: curves, settings, final metrics, answers to the same prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from backend.dependencies import Config, Db
from backend.jobs.lists import show_jobs
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import STATE_WORDS
from backend.pages.jobs.configuration import configuration_groups
from backend.pages.runs.state import STATE_OF_RUN
from backend.runs import service
from backend.runs.comparison import (
    AnswerRow,
    Difference,
    compare_answers,
    compare_metrics,
    compare_settings,
    flatten,
)
from pegbox.schemas.jobs.job import FinetuneView
from pegbox.store.tables import Job, Run

router = APIRouter(include_in_schema=False)

MOST_RUNS = 12
RECENT_RUNS = 40
MOST_PROMPTS = 12
COLOURS = 6


@dataclass(frozen=True)
class ComparedRun:
    """`colour` is the index of the series colour; `dashed` tells runs with the same colour apart."""

    id: str
    name: str
    href: str
    state: str
    state_word: str
    colour: int
    dashed: bool
    without_href: str


@dataclass(frozen=True)
class MetricCell:
    """A value and its difference to the first run, as text."""

    text: str
    delta: str
    is_best: bool


@dataclass(frozen=True)
class PickableRun:
    id: str
    name: str
    experiment: str
    chosen: bool


@dataclass(frozen=True)
class ComparePage:
    """`settings` are the shown rows; `hidden_settings` is the number of hidden equal ones."""

    runs: list[ComparedRun]
    missing: list[str]
    settings: list[Difference]
    hidden_settings: int
    shows_all: bool
    toggle_href: str
    metrics: list[tuple[str, list[MetricCell]]]
    answers: list[AnswerRow]
    pickable: list[PickableRun]


@router.get("/compare", response_class=HTMLResponse)
def show_compare(
    request: Request,
    db: Db,
    settings: Config,
    runs: Annotated[list[str] | None, Query(max_length=MOST_RUNS * 4)] = None,
    show: Annotated[str, Query(max_length=10)] = "",
) -> HTMLResponse:
    """`runs` are ids of runs or uids of jobs, comma separated or repeated; `show=all` shows equal settings too."""
    names = list(dict.fromkeys(name for text in runs or [] for name in text.split(",") if name))[:MOST_RUNS]
    found = {name: run for name in names if (run := service.find_run(db, name))}
    chosen = list({run.id: run for run in found.values()}.values())
    all_settings = compare_settings([_settings_of(db, run) for run in chosen])
    shows_all = show == "all" or len(chosen) < 2
    page = ComparePage(
        runs=_runs(db, chosen),
        missing=[name for name in names if name not in found],
        settings=[row for row in all_settings if row.differs or shows_all],
        hidden_settings=0 if shows_all else sum(not row.differs for row in all_settings),
        shows_all=shows_all,
        toggle_href=_href([run.id for run in chosen], "" if show == "all" else "all"),
        metrics=_metrics(chosen),
        answers=_answers(db, chosen),
        pickable=_pickable(db, {run.id for run in chosen}),
    )
    return render(
        request, "compare/compare.html", "compare", layout=layout_for(request, db, settings, "Compare"), page=page
    )


def _href(ids: Sequence[str], show: str = "") -> str:
    query = {"runs": ",".join(ids), "show": show}
    return f"/compare?{urlencode({name: value for name, value in query.items() if value}, safe=',')}"


def _runs(db: Session, chosen: Sequence[Run]) -> list[ComparedRun]:
    ids = [run.id for run in chosen]
    shown = []
    for index, run in enumerate(chosen):
        job = service.find_job_of(db, run)
        state = job.state if job else STATE_OF_RUN.get(run.status, run.status)
        shown.append(
            ComparedRun(
                id=run.id,
                name=job.name if job else run.name,
                href=f"/jobs/{job.uid}" if job else f"/runs/{quote(run.id, safe='')}",
                state=state,
                state_word=STATE_WORDS.get(state, state.capitalize()),
                colour=index % COLOURS + 1,
                dashed=index >= COLOURS,
                without_href=_href([other for other in ids if other != run.id]),
            )
        )
    return shown


def _settings_of(db: Session, run: Run) -> dict[str, str]:
    """A job's settings as on its page, a script's as logged."""
    job = service.find_job_of(db, run)
    if job is None:
        return flatten({name: value for name, value in run.config.items() if not name.startswith("_")})
    view = show_jobs(db, [job])[0]
    if not isinstance(view, FinetuneView):
        return {"Command": view.command, "GPUs": str(view.gpu_count), **view.environment}
    rows = [row for group in configuration_groups(view) for row in group.rows]
    return {label: text for label, text in rows if label not in ("Run", "Attempt", "Configuration")}


def _metrics(chosen: Sequence[Run]) -> list[tuple[str, list[MetricCell]]]:
    rows = []
    for row in compare_metrics([run.summary for run in chosen]):
        cells = []
        for index, value in enumerate(row.values):
            delta = row.delta(index)
            sign = "+" if delta and delta > 0 else ""
            cells.append(
                MetricCell(filters.figure(value), f"{sign}{filters.figure(delta)}" if delta else "", row.best == index)
            )
        rows.append((row.name, cells))
    return rows


def _answers(db: Session, chosen: Sequence[Run]) -> list[AnswerRow]:
    samples = service.newest_samples(db, [run.id for run in chosen])
    return compare_answers([samples[run.id].rows if run.id in samples else [] for run in chosen], MOST_PROMPTS)


def _pickable(db: Session, chosen: set[str]) -> list[PickableRun]:
    return [
        PickableRun(run.id, job.name if isinstance(job, Job) else run.name, experiment.name, run.id in chosen)
        for run, experiment, job in service.list_recent_runs(db, RECENT_RUNS)
    ]
