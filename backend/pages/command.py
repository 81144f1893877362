"""One command job: what it runs, where it stands, and its output as it comes."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from backend.jobs.logs import Stream, read_tail
from backend.pages import filters
from backend.pages.job_card import JobCard, job_card
from backend.pages.layout import layout_for
from backend.pages.rendering import render
from pegbox.schemas.job import JobView
from pegbox.settings import Settings

FIRST_LINES = 500
"""Of each stream in the page itself; the rest comes when it is asked for."""


STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


@dataclass(frozen=True)
class Output:
    """The end of one stream; `offset` is where it goes on, in bytes."""

    name: str
    lines: list[str]
    truncated: bool
    offset: int


@dataclass(frozen=True)
class CommandPage:
    job: JobCard
    view: JobView
    facts: list[tuple[str, str]]
    outputs: list[Output]


def show_command(request: Request, db: Session, settings: Settings, view: JobView) -> HTMLResponse:
    """The page of a command job."""
    page = CommandPage(job_card(view), view, _facts(view), _outputs(settings, view))
    return render(request, "command.html", "command", layout=layout_for(request, db, settings, "Jobs"), page=page)


def _outputs(settings: Settings, view: JobView) -> list[Output]:
    found = [(name, read_tail(settings.jobs_dir, view.uid, name, FIRST_LINES)) for name in STREAMS]
    return [Output(name, piece.lines, piece.truncated, piece.next_offset) for name, piece in found]


def _facts(view: JobView) -> list[tuple[str, str]]:
    """What was asked for, in the order in which people look for it."""
    gpus = ", ".join(f"{device.index} ({device.name or device.uuid})" for device in view.devices)
    retries = f"{view.retries} of {view.max_retries} used" if view.max_retries else "none"
    facts = [
        ("Id", view.id),
        ("Worker", view.worker_id or "–"),
        ("GPUs", gpus or (f"{view.gpu_count} wanted" if view.gpu_count else "none")),
        ("Priority", str(view.priority)),
        ("Attempt", str(view.attempt)),
        ("Retries", retries),
        ("Time limit", filters.duration(view.timeout_seconds) if view.timeout_seconds else "none"),
        ("Exit code", "–" if view.exit_code is None else str(view.exit_code)),
        ("Depends on", ", ".join(view.depends_on) or "–"),
    ]
    return [*facts, *((name, value) for name, value in view.environment.items())]
