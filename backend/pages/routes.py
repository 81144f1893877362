"""Installs the dashboard: pages, assets, error pages."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from backend.pages.accounts import account_page, audit_page, login_page, setup_page, users_page
from backend.pages.compare import comparison_page
from backend.pages.datasets import diff_page, profile_part, versions_page
from backend.pages.datasets import list_page as datasets_page
from backend.pages.experiments import detail_page as experiment_page
from backend.pages.experiments import list_page as experiments_page
from backend.pages.frame import error_page
from backend.pages.frame.static import ImmutableFiles
from backend.pages.jobs import command_page, queue_page
from backend.pages.jobs import detail_page as job_page
from backend.pages.jobs import list_page as jobs_page
from backend.pages.models import detail_page as model_page
from backend.pages.models import list_page as models_page
from backend.pages.new_job import command_page as new_command_page
from backend.pages.new_job import wizard_page
from backend.pages.runs import detail_page as run_page
from backend.pages.runs import list_page as runs_page
from backend.pages.system import machine_page, overview_page, settings_page
from frontend import DIST
from frontend.assets import STATIC_PATH, AssetsMissingError
from pegbox.errors import PegboxError

router = APIRouter()
for page in (
    overview_page,
    login_page,
    datasets_page,
    profile_part,
    versions_page,
    diff_page,
    models_page,
    model_page,
    new_command_page,  # before the wizard, whose steps match any name
    wizard_page,
    jobs_page,
    job_page,
    command_page,
    queue_page,
    experiments_page,
    experiment_page,
    runs_page,
    run_page,
    comparison_page,
    machine_page,
    settings_page,
    setup_page,
    account_page,
    users_page,
    audit_page,
):
    router.include_router(page.router)


def install(app: FastAPI) -> None:
    """Adds the pages. Call it after installing the error handlers, and before adding routers that share its paths."""
    app.include_router(router)
    app.mount(STATIC_PATH.rstrip("/"), ImmutableFiles(directory=DIST, check_dir=False), name="assets")
    app.add_exception_handler(AssetsMissingError, _not_built)
    for kind in (PegboxError, HTTPException):
        app.add_exception_handler(kind, _with_error_page(app.exception_handlers[kind]))
    app.state.refusal_page = _refusal_page


def _with_error_page(handler: ExceptionHandler) -> ExceptionHandler:
    """Wraps an error handler: browsers get an error page, other clients the handler's response."""

    async def handle(request: Request, error: Exception) -> Response:
        if error_page.is_wanted(request):
            answer = await error_page.show(request, error)
            if answer is not None:
                return answer
        result: Response = await handler(request, error)  # type: ignore[misc, arg-type]
        return result

    return handle


async def _refusal_page(request: Request, error: PegboxError) -> Response | None:
    """The page for requests refused before routing; `None` for other clients than browsers."""
    return await error_page.show(request, error) if error_page.is_wanted(request) else None


async def _not_built(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", status_code=503)
