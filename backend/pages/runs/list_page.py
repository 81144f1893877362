"""The list of runs of scripts and of other trackers' clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from backend.dependencies import Config, Db
from backend.jobs.progress import number
from backend.pages.frame import filters
from backend.pages.frame.choice import Choice
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.runs.state import STATE_OF_RUN, word_of
from backend.runs.script_runs import ScriptRuns, count_script_runs, search_script_runs
from pegbox.store.tables import Experiment, Run

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
SHOWN_EXPERIMENTS = 8
TRACKERS = ("trackio",)
"""Trackers that tag runs with their name."""


@dataclass(frozen=True)
class RunRow:
    """`origin` is the tracker whose client made the run; empty for our own."""

    id: str
    href: str
    name: str
    experiment: str
    origin: str
    tags: list[str]
    state: str
    state_word: str
    step: str
    train_loss: str
    validation_loss: str
    updated_at: datetime


@dataclass(frozen=True)
class RunsPage:
    """`previous` and `next` are addresses, None at the ends; `demo` lists the `demonstrations` alone."""

    runs: list[RunRow]
    experiments: list[Choice]
    experiment: str
    query: str
    total: int
    previous: str | None
    next: str | None
    demo: bool
    demonstrations: int
    monitor_url: str


@router.get("/runs", response_class=HTMLResponse)
def show_runs(
    request: Request,
    db: Db,
    settings: Config,
    q: Annotated[str, Query(max_length=200)] = "",
    experiment: Annotated[str, Query(max_length=500)] = "",
    demo: bool = False,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """Last updated first, filtered by words and experiment; `demo` lists only demonstrations, whose numbers are made up."""
    query = q.strip()
    offset = (page - 1) * PAGE_SIZE
    counts = count_script_runs(db)
    found, total = search_script_runs(db, query, experiment, counts, demo=demo, limit=PAGE_SIZE, offset=offset)
    layout = layout_for(request, db, settings, "Runs")

    def href(page: int, experiment: str) -> str:
        values = {
            "demo": "1" if demo else "",
            "q": query,
            "experiment": experiment,
            "page": str(page) if page > 1 else "",
        }
        text = urlencode({name: value for name, value in values.items() if value})
        return f"/runs?{text}" if text else "/runs"

    context = RunsPage(
        runs=[run_row(run, owner) for run, owner in found],
        experiments=_experiments(counts, experiment, partial(href, 1)),
        experiment=experiment,
        query=query,
        total=total,
        previous=href(page - 1, experiment) if page > 1 else None,
        next=href(page + 1, experiment) if page * PAGE_SIZE < total else None,
        demo=demo,
        demonstrations=sum(counts.made_up.values()),
        monitor_url=layout.monitor_url,
    )
    return render(request, "runs/runs.html", "jobs", layout=layout, page=context)


def _experiments(counts: ScriptRuns, chosen: str, href: Callable[[str], str]) -> list[Choice]:
    """Options of the experiment filter; empty with a single experiment."""
    largest = counts.largest(SHOWN_EXPERIMENTS)
    if len(largest) < 2 and not chosen:
        return []
    every = Choice("All", href(""), sum(counts.real.values()), not chosen)
    return [every, *(Choice(name, href(name), count, name == chosen) for name, count in largest)]


def run_row(run: Run, experiment: Experiment) -> RunRow:
    """A run as lists show it."""
    return RunRow(
        id=run.id,
        href=f"/runs/{quote(run.id, safe='')}",
        name=run.name,
        experiment=experiment.name,
        origin=origin_of(run),
        tags=run.tags,
        state=STATE_OF_RUN.get(run.status, "running"),
        state_word=word_of(run),
        step=filters.whole(run.last_step),
        train_loss=filters.figure(number(run.summary, "train_loss")),
        validation_loss=filters.figure(number(run.summary, "validation_loss")),
        updated_at=run.updated_at,
    )


def origin_of(run: Run) -> str:
    """Name of the tracker whose client made the run; empty for our own client."""
    named = str(run.config.get("_origin") or next((tag for tag in run.tags if tag in TRACKERS), ""))
    return named.replace("_", " ").capitalize()[:40]
