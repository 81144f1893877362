"""The page of a command job: the command, its state, the reason for waiting, its metrics and its output."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from backend.dependencies import Config, Db
from backend.jobs import copies
from backend.pages.frame import filters
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.pages.jobs.card import JobCard, job_card, queue_note
from pegbox.schemas.jobs.job import JobView
from pegbox.schemas.jobs.state import UNSUCCESSFUL_STATES
from pegbox.settings import Settings

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class CommandPage:
    """The context of the template. `waiting` is empty unless the job is queued; `can_restart` is true after the job has ended."""

    job: JobCard
    command: str
    shell: bool
    waiting: str
    failure: str
    facts: list[tuple[str, str]]
    environment: list[tuple[str, str]]
    metrics: list[tuple[str, str]]
    run_id: str
    can_restart: bool


def show_command(request: Request, db: Session, settings: Settings, view: JobView) -> HTMLResponse:
    """The page of a command job."""
    page = CommandPage(
        job=job_card(view),
        command=view.command,
        shell=view.shell,
        waiting=queue_note(view),
        failure=view.error_message or "" if view.state in (*UNSUCCESSFUL_STATES, "queued") else "",
        facts=_facts(view),
        environment=list(view.environment.items()),
        metrics=[
            (name, filters.figure(value)) for name, value in view.metrics.items() if isinstance(value, int | float)
        ],
        run_id=view.run_id,
        can_restart=view.completed_at is not None,
    )
    return render(request, "jobs/command.html", "command", layout=layout_for(request, db, settings, "Jobs"), page=page)


@router.post("/jobs/{uid}/restart")
def restart_job(uid: str, db: Db, settings: Config) -> RedirectResponse:
    """Creates a copy of an ended job and redirects to its page."""
    job = copies.restart_job(db, settings, uid)
    return RedirectResponse(f"/jobs/{job.uid}", status_code=303)


def _facts(view: JobView) -> list[tuple[str, str]]:
    """Labels and values of the table of facts."""
    gpus = ", ".join(f"{device.index} {device.name}".strip() for device in view.devices)
    facts = [
        ("Exit code", "–" if view.exit_code is None else str(view.exit_code)),
        ("GPUs", gpus or (f"{view.gpu_count} wanted" if view.gpu_count else "none")),
        ("Priority", str(view.priority)),
        ("Attempt", f"{view.attempt} of {view.max_retries + 1}" if view.max_retries else str(view.attempt)),
        ("Time limit", filters.duration(view.timeout_seconds) if view.timeout_seconds else "none"),
        ("Depends on", ", ".join(view.depends_on) or "–"),
    ]
    if view.bad_metric_lines:
        facts.append(("Unreadable metric lines", filters.whole(view.bad_metric_lines)))
    return facts
