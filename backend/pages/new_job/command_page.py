"""The form for a new command job. Errors are shown at their fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.dependencies import Config, Db
from backend.jobs import service
from backend.jobs.dependencies import list_needed
from backend.pages.frame.layout import layout_for
from backend.pages.frame.rendering import render
from backend.workers.service import devices_of, list_live_workers
from pegbox.errors import ValidationError
from pegbox.schemas.jobs.command import CommandCreate
from pegbox.schemas.jobs.environment import is_secret_name
from pegbox.schemas.jobs.state import UNSUCCESSFUL_STATES
from pegbox.settings import Settings
from pegbox.store.tables import Job

router = APIRouter(include_in_schema=False)

FIELDS = (
    *("name", "command", "shell", "gpu_count", "priority", "environment"),
    *("depends_on", "max_retries", "timeout_seconds", "experiment"),
)
FormText = Annotated[str, Form(max_length=50_000)]


@dataclass(frozen=True)
class NewCommandPage:
    """The context of the template. `values` and `errors` are keyed by field; the key `""` has errors of the whole form."""

    values: dict[str, str]
    gpus: int
    errors: dict[str, str] = field(default_factory=dict)


@router.get("/jobs/new/command", response_class=HTMLResponse)
def show_form(
    request: Request, db: Db, settings: Config, source: Annotated[str, Query(alias="from", max_length=100)] = ""
) -> HTMLResponse:
    """An empty form, or with `from` the values of an existing command job, without its secrets."""
    values = dict.fromkeys(FIELDS, "")
    if source:
        job = service.get_job(db, source)
        if job.kind == "command":
            values |= _values_of(db, job)
    return _show(request, db, settings, values, {})


@router.post("/jobs/new/command", response_class=HTMLResponse, response_model=None)
def submit_form(
    request: Request,
    db: Db,
    settings: Config,
    name: FormText = "",
    command: FormText = "",
    shell: FormText = "",
    gpu_count: FormText = "",
    priority: FormText = "",
    environment: FormText = "",
    depends_on: FormText = "",
    max_retries: FormText = "",
    timeout_seconds: FormText = "",
    experiment: FormText = "",
) -> Response:
    """Creates the job and redirects to its page, or shows the form with its errors."""
    entered = (
        name,
        command,
        shell,
        gpu_count,
        priority,
        environment,
        depends_on,
        max_retries,
        timeout_seconds,
        experiment,
    )
    values = dict(zip(FIELDS, entered, strict=True))
    try:
        job = service.create_job(db, settings, CommandCreate.model_validate(_request(values)))
    except pydantic.ValidationError as error:
        errors = {_field_of(finding["loc"]): finding["msg"].removeprefix("Value error, ") for finding in error.errors()}
        return _show(request, db, settings, values, errors, status=422)
    except ValidationError as error:
        where = error.errors[0]["loc"] if error.errors else ()
        return _show(request, db, settings, values, {_field_of(tuple(where)[1:]): error.message}, status=422)
    return RedirectResponse(f"/jobs/{job.uid}", status_code=303)


def _show(
    request: Request, db: Session, settings: Settings, values: dict[str, str], errors: dict[str, str], status: int = 200
) -> HTMLResponse:
    db.rollback()
    gpus = max((len(devices_of(worker)) for worker in list_live_workers(db)), default=0)
    layout = layout_for(request, db, settings, "New job")
    page = NewCommandPage(values=values, gpus=gpus, errors=errors)
    return render(request, "new_job/new_command.html", layout=layout, page=page, status=status)


def _request(values: dict[str, str]) -> dict[str, Any]:
    """The request for the entered values. Empty fields are omitted, so that defaults apply."""
    lines = [line.strip() for line in values["environment"].splitlines() if line.strip()]
    request: dict[str, Any] = {
        "name": values["name"].strip() or " ".join(values["command"].split())[:200],
        "command": values["command"].replace("\r\n", "\n"),
        "shell": bool(values["shell"]),
        "environment": {name.strip(): value for name, _, value in (line.partition("=") for line in lines)},
        "depends_on": values["depends_on"].replace(",", " ").split(),
    }
    optional = ("gpu_count", "priority", "max_retries", "timeout_seconds", "experiment")
    return request | {key: text for key in optional if (text := values[key].strip())}


def _values_of(db: Session, job: Job) -> dict[str, str]:
    shown = {name: value for name, value in job.environment.items() if not is_secret_name(name)}
    needed = list_needed(db, [job]).get(job.uid, [])
    return {
        "name": job.name,
        "command": job.command or "",
        "shell": "yes" if job.shell else "",
        "gpu_count": str(job.gpu_count),
        "priority": str(job.priority),
        "environment": "\n".join(f"{name}={value}" for name, value in shown.items()),
        "depends_on": " ".join(other.id or other.uid for other in needed if other.state not in UNSUCCESSFUL_STATES),
        "max_retries": str(job.max_retries),
        "timeout_seconds": f"{job.timeout_seconds:g}" if job.timeout_seconds else "",
        "experiment": "",
    }


def _field_of(location: tuple[Any, ...]) -> str:
    return str(location[0]) if location and location[0] in FIELDS else ""
