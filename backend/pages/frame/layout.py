"""Context of the frame around every page: navigation with counts, capacity, the monitor's address."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from fastapi import Request
from sqlmodel import Session

from backend.datasets.service import count_datasets
from backend.jobs import lists
from backend.models.service import count_models
from backend.pages.frame import filters
from backend.workers.service import list_live_workers
from pegbox.schemas.account import Principal
from pegbox.schemas.jobs.lists import JobStatistics
from pegbox.settings import Settings

Area = Literal[
    "Overview",
    "Datasets",
    "Models",
    "Jobs",
    "New job",
    "Queue",
    "Experiments",
    "Runs",
    "Compare",
    "System",
    "Settings",
    "Account",
    "Users",
    "Audit",
    "",
]


@dataclass(frozen=True)
class Counts:
    """Counts beside the navigation entries."""

    datasets: int
    models: int
    jobs: int


@dataclass(frozen=True)
class Capacity:
    """Short texts at the foot of the navigation."""

    workers: str
    queue: str
    disk: str


@dataclass(frozen=True)
class Layout:
    """Context of `base.html`. `active` is the current navigation entry, `signed_in` shows the sign-out button."""

    active: Area
    counts: Counts
    capacity: Capacity
    monitor_url: str
    caller: Principal
    signed_in: bool


def layout_for(request: Request, db: Session, settings: Settings, active: Area) -> Layout:
    """The layout of a page, with current counts."""
    jobs = lists.statistics(db)
    caller: Principal = request.state.principal
    return Layout(
        active=active,
        counts=Counts(count_datasets(db), count_models(db), jobs.total),
        capacity=_capacity(db, settings, jobs),
        monitor_url=monitor_url(request, settings),
        caller=caller,
        signed_in=settings.access == "required" or caller.login_id is not None,
    )


def monitor_url(request: Request, settings: Settings) -> str:
    """The monitor's address for the browser: as configured, else on the host of this request."""
    if settings.public_monitor_url:
        return settings.public_monitor_url.rstrip("/")
    host = request.url.hostname or "127.0.0.1"
    name = f"[{host}]" if ":" in host else host
    return f"{request.url.scheme}://{name}:{settings.monitor_port}"


def _capacity(db: Session, settings: Settings, jobs: JobStatistics) -> Capacity:
    alive = list_live_workers(db)
    busy = sum(1 for worker in alive if worker.job_uid)
    return Capacity(
        workers=f"{busy} of {len(alive)} busy" if alive else "none",
        queue=f"{jobs.current.queued} waiting" if jobs.current.queued else "empty",
        disk=f"{filters.size(shutil.disk_usage(settings.home).free)} free",
    )
