"""An experiment: description, best values, runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from backend.dependencies import Config, Db
from backend.experiments import service, views
from backend.experiments.entries import Entry
from backend.experiments.search import RunSearch, search_runs
from backend.jobs.progress import number
from backend.pages.experiments.list_page import href_of, parse_form
from backend.pages.experiments.tags import parse_tags, show_tags
from backend.pages.frame import filters
from backend.pages.frame.choice import Choice
from backend.pages.frame.heading import Heading, heading_of
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import STATE_WORDS
from backend.runs.comparison import compare_settings, direction_of, flatten
from pegbox.errors import PegboxError
from pegbox.schemas.experiment import BestValue, ExperimentUpdate, ExperimentView
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
MOST_METRICS = 6
MOST_SETTINGS = 6
MOST_BEST = 8
FIRST_METRICS = ("validation_loss", "train_loss")
"""Shown before other metrics, which are sorted by name."""

PROGRESS_METRICS = frozenset({"best_step", "epoch", "learning_rate", "step"})
"""Measure progress, not quality: shown only when the table is sorted by one of them."""


@dataclass(frozen=True)
class ExperimentRunRow:
    """`settings` and `metrics` are texts in the order of the table's columns; `best` the columns where it has the best value."""

    id: str
    href: str
    name: str
    tags: list[str]
    state: str
    state_word: str
    settings: list[str]
    metrics: list[str]
    best: list[bool]
    created_at: datetime


@dataclass(frozen=True)
class BestRow:
    metric: str
    value: str
    href: str
    name: str


@dataclass(frozen=True)
class ExperimentPage:
    """`previous` and `next` are addresses, None at the ends; `typed` are the values of a refused form."""

    experiment: ExperimentView
    tags: list[str]
    best: list[BestRow]
    runs: list[ExperimentRunRow]
    settings: list[str]
    hidden_settings: int
    metrics: list[Heading]
    headings: dict[str, Heading]
    states: list[Choice]
    state: str
    query: str
    sort: str
    total: int
    previous: str | None
    next: str | None
    error: str
    typed: dict[str, str]
    monitor_url: str


@dataclass(frozen=True)
class _Query:
    """The state in the query string."""

    path: str
    search: RunSearch

    @property
    def sort(self) -> str:
        return f"-{self.search.order}" if self.search.descending else self.search.order

    def href(self, page: int = 1, **changes: str) -> str:
        values = {"state": self.search.state, "q": self.search.words, "sort": self.sort, **changes}
        values["page"] = str(page) if page > 1 else ""
        if values["sort"] == "-created":
            values["sort"] = ""
        text = urlencode({name: value for name, value in values.items() if value})
        return f"{self.path}?{text}" if text else self.path

    def by(self, sort: str) -> str:
        return self.href(sort=sort)


@router.get("/experiments/{experiment_id}", response_class=HTMLResponse)
def show_experiment(
    request: Request,
    experiment_id: str,
    db: Db,
    settings: Config,
    q: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    sort: Annotated[str, Query(max_length=300)] = "-created",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """The experiment with a page of its runs; `sort` is `name`, `created` or `metric:<name>`, descending with a leading minus."""
    order = sort.removeprefix("-")
    is_known = order in ("name", "created") or order.startswith("metric:")
    search = RunSearch(
        words=q.strip(),
        state=state if state in STATE_WORDS else "",
        order=order if is_known else "created",
        descending=sort.startswith("-") or not is_known,
    )
    return _page(request, db, settings, experiment_id, search, page)


@router.post("/experiments/{experiment_id}", response_class=HTMLResponse)
def describe_experiment(
    request: Request,
    experiment_id: str,
    db: Db,
    settings: Config,
    description: Annotated[str, Form(max_length=50_000)] = "",
    tags: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Changes description and tags. Invalid input shows the form again."""
    known = service.get_experiment(db, experiment_id).tags
    try:
        body = parse_form(ExperimentUpdate, description=description, tags=parse_tags(tags, known))
        service.update_experiment(db, experiment_id, body)
    except PegboxError as error:
        db.rollback()
        typed = {"description": description, "tags": tags}
        return _page(request, db, settings, experiment_id, RunSearch(), 1, error=error, typed=typed)
    return RedirectResponse(href_of(experiment_id), status_code=303)


def _page(
    request: Request,
    db: Session,
    settings: Settings,
    key: str,
    search: RunSearch,
    page: int,
    *,
    error: PegboxError | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    experiment = service.view_experiment(db, key)
    best = service.find_best(db, experiment.id)
    view = _Query(href_of(key), search)
    entries, counts = search_runs(db, experiment.id, search, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    total = counts.get(search.state, 0) if search.state else sum(counts.values())
    flat = [_settings_of(entry) for entry in entries]
    differing = [row.label for row in compare_settings(flat) if row.differs]
    metrics = _metrics_of(entries, search.metric)
    layout = layout_for(request, db, settings, "Experiments")
    tags = show_tags(experiment.tags)
    context = ExperimentPage(
        experiment=experiment,
        tags=tags,
        best=_best(db, experiment.id, best),
        runs=[
            _row(entry, [config.get(name, "–") for name in differing[:MOST_SETTINGS]], metrics, best)
            for entry, config in zip(entries, flat, strict=True)
        ],
        settings=differing[:MOST_SETTINGS],
        hidden_settings=max(0, len(differing) - MOST_SETTINGS),
        metrics=[
            heading_of(name, f"metric:{name}", view.sort, view.by, least_first=direction_of(name) != "maximize")
            for name in metrics
        ],
        headings={
            "name": heading_of("Run", "name", view.sort, view.by, least_first=True),
            "created": heading_of("Created", "created", view.sort, view.by, least_first=False),
        },
        states=_states(counts, view),
        state=search.state,
        query=search.words,
        sort="" if view.sort == "-created" else view.sort,
        total=total,
        previous=view.href(page - 1) if page > 1 else None,
        next=view.href(page + 1) if page * PAGE_SIZE < total else None,
        error=error.message if error else "",
        typed=typed or {"description": experiment.description, "tags": ", ".join(tags)},
        monitor_url=layout.monitor_url,
    )
    return render(
        request,
        "experiments/experiment.html",
        "jobs",
        layout=layout,
        page=context,
        status=error.status if error else 200,
    )


def _settings_of(entry: Entry) -> dict[str, str]:
    return flatten({name: value for name, value in views.params_of(entry).items() if not name.startswith("_")})


def _metrics_of(entries: Sequence[Entry], sorted_by: str | None) -> list[str]:
    """Metric columns: the most informative first, always including the sort metric."""
    summaries = [entry.summary for entry in entries]
    names = {name for summary in summaries for name in summary if number(summary, name) is not None}
    shown = sorted(names - PROGRESS_METRICS, key=_place)[:MOST_METRICS]
    if sorted_by is not None and sorted_by not in shown:
        shown = [*shown[: MOST_METRICS - 1], sorted_by]
    return shown


def _place(metric: str) -> tuple[int, str]:
    """Sort key: well-known metrics first, then metrics with a known direction."""
    if metric in FIRST_METRICS:
        return FIRST_METRICS.index(metric), metric
    return len(FIRST_METRICS) + (direction_of(metric) is None), metric


def _row(entry: Entry, settings: list[str], metrics: list[str], best: Mapping[str, BestValue]) -> ExperimentRunRow:
    run = views.show_run(entry)
    summary: dict[str, Any] = run.metrics
    return ExperimentRunRow(
        id=run.id,
        href=_href_of_run(run.id, is_job=entry.job_uid is not None),
        name=run.name,
        tags=run.tags,
        state=run.status,
        state_word=STATE_WORDS.get(run.status, run.status.capitalize()),
        settings=settings,
        metrics=[filters.figure(number(summary, name)) for name in metrics],
        best=[name in best and best[name].run_id == run.id for name in metrics],
        created_at=run.created_at,
    )


def _best(db: Session, experiment_id: str, best: Mapping[str, BestValue]) -> list[BestRow]:
    shown = sorted(best, key=_place)[:MOST_BEST]
    owners = service.name_runs(db, experiment_id, [best[name].run_id for name in shown])
    rows = []
    for name in shown:
        run_id = best[name].run_id
        if run_id in owners:
            owner, is_job = owners[run_id]
            rows.append(BestRow(name, filters.figure(best[name].value), _href_of_run(run_id, is_job=is_job), owner))
    return rows


def _href_of_run(run_id: str, *, is_job: bool) -> str:
    return f"/jobs/{run_id}" if is_job else f"/runs/{quote(run_id, safe='')}"


def _states(counts: dict[str, int], view: _Query) -> list[Choice]:
    numbers = {"": sum(counts.values()), **counts}
    shown = ["", *(state for state in STATE_WORDS if numbers.get(state) or state == view.search.state)]
    labels = {"": "All", **STATE_WORDS}
    return [
        Choice(labels[state], view.href(state=state), numbers.get(state, 0), state == view.search.state)
        for state in shown
    ]
