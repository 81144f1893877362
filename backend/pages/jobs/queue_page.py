"""The page of the queue: GPUs with the jobs that hold them, and waiting jobs in order with the reasons for waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from backend.dependencies import Config, Db
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.queue.overview import show_queue
from pegbox.schemas.jobs.queue_overview import DeviceView, WaitingJob

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50


@dataclass(frozen=True)
class QueuePage:
    """The context of the template. `previous` and `next` are URLs or `None`."""

    devices: list[DeviceView]
    free: int
    waiting: list[WaitingJob]
    total: int
    previous: str | None
    next: str | None


@router.get("/queue", response_class=HTMLResponse)
def show(request: Request, db: Db, settings: Config, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> HTMLResponse:
    """A page of waiting jobs, and all devices."""
    queue = show_queue(db, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = QueuePage(
        devices=queue.devices,
        free=sum(1 for device in queue.devices if device.job is None),
        waiting=queue.waiting,
        total=queue.total,
        previous=f"/queue?page={page - 1}" if page > 1 else None,
        next=f"/queue?page={page + 1}" if page * PAGE_SIZE < queue.total else None,
    )
    return render(request, "jobs/queue.html", layout=layout_for(request, db, settings, "Queue"), page=context)
