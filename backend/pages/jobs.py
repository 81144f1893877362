"""The list of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from backend.dependencies import Config, Db
from backend.jobs import lists
from backend.pages.choice import Choice
from backend.pages.job_card import STATE_WORDS, JobCard, job_card
from backend.pages.layout import layout_for
from backend.pages.rendering import render
from pegbox.schemas.job import JobView
from pegbox.schemas.job_lists import JobStatistics

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
MOST_SEARCHED = 1000
SHOWN_STATES = ("running", "queued", "paused", "completed", "failed", "cancelled", "created")


@dataclass(frozen=True)
class JobsPage:
    """`previous` and `next` are addresses, None at the ends; `active` asks for live updates."""

    jobs: list[JobCard]
    filters: list[Choice]
    state: str
    query: str
    total: int
    previous: str | None
    next: str | None
    active: bool


@router.get("/jobs", response_class=HTMLResponse)
def show_jobs(
    request: Request,
    db: Db,
    settings: Config,
    state: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> HTMLResponse:
    """All jobs, or those in a state, or those with words in their name; a page at a time."""
    chosen = state if state in SHOWN_STATES else ""
    query = q.strip()
    matching, total = _find(db, chosen, query, page)
    counts = lists.statistics(db)
    context = JobsPage(
        jobs=[job_card(job) for job in matching],
        filters=_filters(counts, chosen, query),
        state=chosen,
        query=query,
        total=total,
        previous=_href(chosen, query, page - 1) if page > 1 else None,
        next=_href(chosen, query, page + 1) if page * PAGE_SIZE < total else None,
        active=counts.current.running + counts.current.queued > 0,
    )
    return render(request, "jobs.html", layout=layout_for(request, db, settings, "Jobs"), page=context)


def _find(db: Session, state: str, query: str, page: int) -> tuple[list[JobView], int]:
    start = (page - 1) * PAGE_SIZE
    states = [state] if state else None
    if not query:
        found = lists.list_jobs(db, states, PAGE_SIZE, start)
        return found.jobs, found.total
    words = query.lower().split()
    everything = lists.list_jobs(db, states, MOST_SEARCHED, 0).jobs
    matching = [job for job in everything if all(word in job.name.lower() for word in words)]
    return matching[start : start + PAGE_SIZE], len(matching)


def _filters(counts: JobStatistics, chosen: str, query: str) -> list[Choice]:
    numbers = {**counts.current.model_dump(), **counts.past.model_dump(), "": counts.total}
    shown = [state for state in SHOWN_STATES if numbers[state] or state == chosen]
    labels = {"": "All", **STATE_WORDS}
    return [Choice(labels[state], _href(state, query), numbers[state], state == chosen) for state in ["", *shown]]


def _href(state: str, query: str, page: int = 1) -> str:
    parameters = {"state": state, "q": query, "page": str(page) if page > 1 else ""}
    text = urlencode({name: value for name, value in parameters.items() if value})
    return f"/jobs?{text}" if text else "/jobs"
