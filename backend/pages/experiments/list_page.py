"""The list of experiments, with forms to create and star."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from urllib.parse import quote, urlencode

import pydantic
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from backend.dependencies import Config, Db
from backend.experiments import service
from backend.experiments.search import ExperimentOrder, read_activities, search_experiments
from backend.pages.experiments.tags import parse_tags, show_tags
from backend.pages.frame import filters
from backend.pages.frame.heading import Heading, heading_of
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from pegbox.errors import PegboxError, ValidationError
from pegbox.schemas.experiment import ExperimentCreate, ExperimentUpdate
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)

Body = TypeVar("Body", bound=pydantic.BaseModel)

PAGE_SIZE = 50
HEADINGS: dict[ExperimentOrder, str] = {"name": "Name", "runs": "Runs", "active": "Last activity", "created": "Created"}
LEAST_FIRST = ("name",)


@dataclass(frozen=True)
class ExperimentRow:
    """`best` is a metric's name and its value, as text; empty without runs that have one."""

    id: str
    href: str
    name: str
    description: str
    tags: list[str]
    starred: bool
    runs: str
    metric: str
    best: str
    active_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class ExperimentsPage:
    """`previous` and `next` are addresses, None at the ends; `typed` are the values of a refused form."""

    experiments: list[ExperimentRow]
    headings: dict[str, Heading]
    query: str
    sort: str
    total: int
    previous: str | None
    next: str | None
    error: str
    typed: dict[str, str]
    monitor_url: str


@router.get("/experiments", response_class=HTMLResponse)
def show_experiments(
    request: Request,
    db: Db,
    settings: Config,
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[str, Query(max_length=20)] = "-created",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """Starred experiments first; searched by words in name and description."""
    return _page(request, db, settings, query=q.strip(), sort=sort, page=page)


@router.post("/experiments", response_class=HTMLResponse)
def create_experiment(
    request: Request,
    db: Db,
    settings: Config,
    name: Annotated[str, Form(max_length=1000)] = "",
    description: Annotated[str, Form(max_length=50_000)] = "",
    tags: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Creates an experiment. Invalid input shows the form again."""
    typed = {"name": name, "description": description, "tags": tags}
    try:
        body = parse_form(ExperimentCreate, name=name, description=description, tags=parse_tags(tags, {}))
        experiment = service.create_experiment(db, body)
    except PegboxError as error:
        db.rollback()
        return _page(request, db, settings, error=error, typed=typed)
    return RedirectResponse(href_of(experiment.id), status_code=303)


@router.post("/experiments/{experiment_id}/star")
def star_experiment(
    experiment_id: str, db: Db, starred: Annotated[bool, Form()] = False, back: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Sets or removes the star, and redirects to the list or the experiment."""
    service.update_experiment(db, experiment_id, ExperimentUpdate(starred=starred))
    return RedirectResponse("/experiments" if back == "list" else href_of(experiment_id), status_code=303)


def parse_form(kind: type[Body], **values: object) -> Body:
    """Validates form values. Raises `ValidationError` with the first error."""
    try:
        return kind(**values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = str(first["loc"][0]).capitalize() if first["loc"] else "The form"
        raise ValidationError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error


def href_of(experiment_id: str) -> str:
    return f"/experiments/{quote(experiment_id, safe='')}"


def _page(
    request: Request,
    db: Session,
    settings: Settings,
    *,
    query: str = "",
    sort: str = "-created",
    page: int = 1,
    error: PegboxError | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    name = sort.removeprefix("-")
    order: ExperimentOrder = next((known for known in HEADINGS if known == name), "created")
    descending = sort.startswith("-") or name not in HEADINGS
    current = f"-{order}" if descending else order

    def href(page: int = 1, sort: str = current) -> str:
        values = {"q": query, "sort": "" if sort == "-created" else sort, "page": str(page) if page > 1 else ""}
        text = urlencode({name: value for name, value in values.items() if value})
        return f"/experiments?{text}" if text else "/experiments"

    offset = (page - 1) * PAGE_SIZE
    found, total = search_experiments(db, query, order, descending=descending, limit=PAGE_SIZE, offset=offset)
    ids = [experiment.id for experiment in found]
    counts, activities = service.count_runs(db, ids), read_activities(db, ids)
    rows = []
    for experiment in found:
        activity = activities.get(experiment.id)
        rows.append(
            ExperimentRow(
                id=experiment.id,
                href=href_of(experiment.id),
                name=experiment.name,
                description=experiment.description.partition("\n")[0],
                tags=show_tags(experiment.tags),
                starred=experiment.starred,
                runs=filters.whole(counts[experiment.id]),
                metric=activity.metric.replace("_", " ") if activity else "",
                best=filters.figure(activity.best) if activity and activity.metric else "",
                active_at=activity.active_at if activity else None,
                created_at=experiment.created_at,
            )
        )
    layout = layout_for(request, db, settings, "Experiments")
    context = ExperimentsPage(
        experiments=rows,
        headings={
            key: heading_of(label, key, current, lambda sort: href(sort=sort), least_first=key in LEAST_FIRST)
            for key, label in HEADINGS.items()
        },
        query=query,
        sort="" if current == "-created" else current,
        total=total,
        previous=href(page - 1) if page > 1 else None,
        next=href(page + 1) if page * PAGE_SIZE < total else None,
        error=error.message if error else "",
        typed=typed or {"name": "", "description": "", "tags": ""},
        monitor_url=layout.monitor_url,
    )
    return render(
        request,
        "experiments/experiments.html",
        "jobs",
        layout=layout,
        page=context,
        status=error.status if error else 200,
    )
