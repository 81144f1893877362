"""A run without a training job: metrics, media, files, settings, events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.dependencies import Config, Db
from backend.jobs.kinds import kind_of
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.runs.list_page import origin_of
from backend.pages.runs.media import MediaView, media_view
from backend.pages.runs.state import STATE_OF_RUN, word_of
from backend.runs import service
from backend.runs.comparison import flatten
from pegbox.schemas.runs.metric_names import BEST_SO_FAR
from pegbox.store.tables import Experiment, Run, RunArtifact

router = APIRouter(include_in_schema=False)

MOST_CHARTS = 24
MOST_MEDIA = 60
MOST_FILES = 200
TABS = ("metrics", "media", "files", "settings")


@dataclass(frozen=True)
class MetricGroup:
    """Metrics with the same prefix up to the first slash."""

    title: str
    metrics: list[str]


@dataclass(frozen=True)
class FileRow:
    name: str
    href: str
    size: str
    note: str
    is_image: bool
    created_at: datetime


@dataclass(frozen=True)
class RunPage:
    """`shown` of `total` metrics have a chart: those that match `query`, up to a limit."""

    id: str
    name: str
    experiment: str
    experiment_href: str
    origin: str
    notes: str
    tags: list[str]
    state: str
    state_word: str
    step: str
    total_steps: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    tab: str
    query: str
    groups: list[MetricGroup]
    shown: int
    total: int
    last_values: list[tuple[str, str]]
    media: list[MediaView]
    files: list[FileRow]
    settings: list[tuple[str, str]]
    thinned_at: datetime | None


@router.get("/runs/{run_id}", response_class=HTMLResponse)
def show_run(
    request: Request,
    db: Db,
    settings: Config,
    run_id: Annotated[str, Path(min_length=1, max_length=300)],
    tab: Annotated[str, Query(max_length=20)] = "metrics",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Shows a run; redirects to the page of its job if that page shows the curves of the run."""
    run = service.get_run(db, run_id)
    job = service.find_job_of(db, run)
    if job is not None and kind_of(job).charts_its_run:
        return RedirectResponse(f"/jobs/{run.job_uid}", status_code=303)
    layout = layout_for(request, db, settings, "Runs")
    page = _page(db, run, tab, q.strip(), layout.monitor_url)
    return render(request, "runs/run.html", "run", layout=layout, page=page)


def _page(db: Session, run: Run, tab: str, query: str, monitor_url: str) -> RunPage:
    experiment = db.get(Experiment, run.experiment_id)
    numbers = sorted((name for name, value in run.summary.items() if _is_number(value)), key=_order)
    names = [name for name in numbers if name not in BEST_SO_FAR]
    words = query.lower().split()
    found = [name for name in names if all(word in name.lower() for word in words)]
    shown = found[:MOST_CHARTS]
    return RunPage(
        id=run.id,
        name=run.name,
        experiment=experiment.name if experiment else "",
        experiment_href=f"/experiments/{quote(run.experiment_id, safe='')}",
        origin=origin_of(run),
        notes=str(run.config.get("_notes") or ""),
        tags=run.tags,
        state=STATE_OF_RUN.get(run.status, "running"),
        state_word=word_of(run),
        step=filters.whole(run.last_step),
        total_steps=filters.whole(run.total_steps) if run.total_steps else "",
        started_at=run.created_at,
        updated_at=run.updated_at,
        finished_at=run.finished_at,
        tab=tab if tab in TABS else "metrics",
        query=query,
        groups=[MetricGroup(title, list(group)) for title, group in groupby(shown, _prefix)],
        shown=len(shown),
        total=len(names),
        last_values=[(name, filters.figure(run.summary[name])) for name in numbers],
        media=[media_view(media, count) for media, count in service.newest_media(db, run.id, MOST_MEDIA)],
        files=[_file(run, file, monitor_url) for file in service.list_artifacts(db, run.id, MOST_FILES)],
        settings=sorted(flatten({key: value for key, value in run.config.items() if not key.startswith("_")}).items()),
        thinned_at=run.thinned_at,
    )


def _is_number(value: Any) -> bool:
    """Summaries store NaN and infinities as text."""
    return (isinstance(value, int | float) and not isinstance(value, bool)) or value in ("NaN", "Infinity", "-Infinity")


def _prefix(name: str) -> str:
    return name.partition("/")[0] if "/" in name else ""


def _order(name: str) -> tuple[bool, str, bool, str]:
    """Sort key: no prefix first, `system` metrics last; losses before others."""
    prefix = _prefix(name)
    return prefix == "system", prefix, "loss" not in name, name


def _file(run: Run, file: RunArtifact, monitor_url: str) -> FileRow:
    href = f"{monitor_url}/api/runs/{quote(run.id, safe='')}/artifacts/{quote(file.name, safe='')}"
    step = f"step {filters.whole(file.step)}" if file.step is not None else ""
    note = ", ".join(part for part in (file.category, step, file.description) if part)
    is_image = file.name.lower().endswith((".png", ".jpg", ".jpeg", ".webp", ".gif"))
    return FileRow(file.name, href, filters.size(file.size_bytes), note, is_image, file.created_at)
