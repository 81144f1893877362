"""The list of jobs, filtered, searched, sorted and paged by the server: every view has a URL."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from backend.dependencies import Config, Db
from backend.jobs import lists, service
from backend.jobs.counts import count_listed
from backend.jobs.search import ORDERS, JobOrder, JobSearch, search_jobs
from backend.pages.frame.choice import Choice
from backend.pages.frame.heading import Heading, heading_of
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import STATE_WORDS, JobCard, job_card
from pegbox.errors import ConflictError, NotFoundError

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
SHOWN_STATES = ("running", "queued", "paused", "completed", "failed", "cancelled", "created")
MAX_SELECTED = 1000
ARCHIVED = "archived"
HEADINGS: dict[JobOrder, str] = {
    "name": "Name",
    "state": "State",
    "loss": "Best validation loss",
    "created": "Created",
}


@dataclass(frozen=True)
class JobsPage:
    """The context of the template.

    `previous` and `next` are URLs or `None`; `active` enables live updates; `archive` is true for the list of archived jobs.
    """

    jobs: list[JobCard]
    filters: list[Choice]
    headings: dict[str, Heading]
    state: str
    query: str
    sort: str
    total: int
    previous: str | None
    next: str | None
    active: bool
    archive: bool


@dataclass(frozen=True)
class _View:
    """The parameters of the URL."""

    state: str
    query: str
    order: JobOrder
    descending: bool

    @property
    def sort(self) -> str:
        return f"-{self.order}" if self.descending else self.order

    def href(self, page: int = 1, **changes: str) -> str:
        values = {"state": self.state, "q": self.query, "sort": self.sort, **changes}
        values["page"] = str(page) if page > 1 else ""
        if values["sort"] == "-created":
            values["sort"] = ""
        text = urlencode({name: value for name, value in values.items() if value})
        return f"/jobs?{text}" if text else "/jobs"


@router.get("/jobs", response_class=HTMLResponse)
def show_jobs(
    request: Request,
    db: Db,
    settings: Config,
    state: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[str, Query(max_length=20)] = "-created",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """A page of jobs: all jobs, or jobs in a state, or jobs that match the search."""
    name = sort.removeprefix("-")
    order: JobOrder = next((known for known in ORDERS if known == name), "created")
    view = _View(
        state if state in (*SHOWN_STATES, ARCHIVED) else "",
        q.strip(),
        order,
        sort.startswith("-") or name not in ORDERS,
    )
    archive = view.state == ARCHIVED
    states = [view.state] if view.state and not archive else None
    search = JobSearch(states, view.query, view.order, view.descending, archive)
    counts, archived = count_listed(db)
    jobs, total = search_jobs(db, search, counts, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = JobsPage(
        jobs=[job_card(job) for job in lists.show_jobs(db, jobs)],
        filters=_filters(counts, archived, view),
        headings={
            order: heading_of(
                label, order, view.sort, lambda sort: view.href(sort=sort), least_first=order != "created"
            )
            for order, label in HEADINGS.items()
        },
        state=view.state,
        query=view.query,
        sort="" if view.sort == "-created" else view.sort,
        total=total,
        previous=view.href(page - 1) if page > 1 else None,
        next=view.href(page + 1) if page * PAGE_SIZE < total else None,
        active=bool(counts.get("running") or counts.get("queued")),
        archive=archive,
    )
    return render(request, "jobs/jobs.html", "jobs", layout=layout_for(request, db, settings, "Jobs"), page=context)


def _filters(counts: dict[str, int], archived: int, view: _View) -> list[Choice]:
    numbers = {**counts, "": sum(counts.values()), ARCHIVED: archived}
    shown = [state for state in (*SHOWN_STATES, ARCHIVED) if numbers.get(state) or state == view.state]
    labels = {"": "All", **STATE_WORDS, ARCHIVED: "Archived"}
    return [
        Choice(labels[state], view.href(state=state), numbers.get(state, 0), state == view.state)
        for state in ["", *shown]
    ]


Selected = Annotated[list[str], Form(max_length=MAX_SELECTED)]


@router.post("/jobs/selected/stop")
def stop_selected(db: Db, runs: Selected) -> RedirectResponse:
    """Cancels the selected jobs that have not ended and ignores the others."""
    for uid in runs:
        with contextlib.suppress(ConflictError, NotFoundError):
            service.cancel_job(db, uid)
    return RedirectResponse("/jobs", status_code=303)


@router.post("/jobs/selected/remove")
def remove_selected(db: Db, settings: Config, runs: Selected) -> RedirectResponse:
    """Deletes the selected jobs that have ended or never started and ignores the others."""
    for uid in runs:
        with contextlib.suppress(ConflictError, NotFoundError):
            service.delete_job(db, settings, uid)
    return RedirectResponse("/jobs", status_code=303)


@router.post("/jobs/selected/archive")
def archive_selected(db: Db, runs: Selected) -> RedirectResponse:
    """Archives the selected jobs that have ended or never started and ignores the others."""
    for uid in runs:
        with contextlib.suppress(ConflictError, NotFoundError):
            service.archive_job(db, uid, archived=True)
    return RedirectResponse("/jobs", status_code=303)


@router.post("/jobs/selected/restore")
def restore_selected(db: Db, runs: Selected) -> RedirectResponse:
    """Restores the selected jobs."""
    for uid in runs:
        with contextlib.suppress(NotFoundError):
            service.archive_job(db, uid, archived=False)
    return RedirectResponse("/jobs", status_code=303)
