"""`/version`, `/api/{name}`, uploads and downloads for Trackio's client and dashboard."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import Scope

from monitor.artifacts import service
from monitor.context import MonitorDep
from monitor.dialects.request_bodies import arguments, caller_of, read_json, receive_uploads
from monitor.dialects.trackio import names
from monitor.dialects.trackio.answers import Answered, Paths, Version
from monitor.dialects.trackio.media_files import MEDIA_ROOT, media_name
from monitor.dialects.trackio.registry import registry
from pegbox.errors import NotFoundError, PegboxError, UnusableContentError
from pegbox.web.error_handlers import error_responses

VERSION = "0.43.0"
"""The release of Trackio whose calls are supported; reported to clients."""

API_VERSION = 1
FORM: dict[str, Any] = {
    "multipart/form-data": {"schema": {"type": "object", "properties": {"files": {"type": "array", "items": {}}}}}
}
CALL_BODY: dict[str, Any] = {"requestBody": {"content": {"application/json": {"schema": {}}}}}
router = APIRouter(tags=["Trackio"])


class CallRoute(APIRoute):
    """Matches calls of known functions only; any other path or method falls through to the next route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        known = match is Match.FULL and child["path_params"].get("api_name") in registry()
        return (match, child) if known else (Match.NONE, {})


calls = APIRouter(tags=["Trackio"], route_class=CallRoute)


@router.get("/version", response_model=Version)
def get_version() -> Version:
    """Returns the version and the transport for Trackio's client."""
    return Version(version=VERSION, api_version=API_VERSION)


@router.post(
    "/api/upload",
    response_model=Paths,
    responses=error_responses(400, 413, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": FORM}},
)
async def upload_files(request: Request, monitor: MonitorDep) -> Paths:
    """Receives files. Each returned path is a handle for a later call, not a path on disk."""
    return Paths(paths=await receive_uploads(request, monitor, request.app.state.uploads))


@calls.post(
    "/api/{api_name}",
    response_model=Answered,
    responses=error_responses(400, 404, 413, 422, 429, 503),
    openapi_extra=CALL_BODY,
)
async def call_function(api_name: str, request: Request) -> Response:
    """Calls one of Trackio's functions. The body is `{"args": […], "kwargs": {…}}`, `{"data": […]}` or the named arguments."""
    function = registry().get(api_name)
    args, kwargs = arguments(await read_json(request))
    try:
        result = await function.call(caller_of(request), args, kwargs)
    except PegboxError as error:
        raise _as_bad_request(error) from error
    content = await run_in_threadpool(msgspec.json.encode, {"data": result})
    return Response(content, media_type="application/json")


def _as_bad_request(error: PegboxError) -> PegboxError:
    """Maps 422 to 400, which Trackio returns for invalid arguments."""
    return UnusableContentError(error.message, errors=error.errors) if error.status == 422 else error


@router.get(
    "/file",
    response_class=FileResponse,
    responses={
        200: {
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            "description": "The file",
        },
        **error_responses(404, 422),
    },
)
def get_media_file(path: Annotated[str, Query(max_length=2_000)], monitor: MonitorDep) -> FileResponse:
    """Returns a file that a run logged, by the path in its logs: `project/run/step/name`."""
    *owner, step, name = ["", "", *path.removeprefix(f"{MEDIA_ROOT}/").split("/")][-200:]
    for index in range(1, len(owner)):
        project, run_name = "/".join(owner[:index]).lstrip("/"), "/".join(owner[index:])
        run = names.find_run(monitor.engine, project, run_name, None) if step.isascii() and step.isdigit() else None
        found = service.find_file(monitor, run.id, media_name(int(step), name)) if run is not None else None
        if found is not None and found.is_file():
            return _download(found, name)
    raise NotFoundError(f"No file is kept under {path[:200]}")


@router.get(
    "/artifact_blob/{project}/{digest}",
    response_class=FileResponse,
    responses={
        200: {
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            "description": "The file",
        },
        **error_responses(404, 422),
    },
)
def get_artifact_blob(project: str, digest: str, monitor: MonitorDep) -> FileResponse:
    """Returns a file of an artifact by its SHA-256."""
    return _download(service.get_file(monitor, digest), digest)


def _download(path: Any, name: str) -> FileResponse:
    """Always a download: HTML that a run stored must not execute in the monitor's origin."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="application/octet-stream", filename=name, headers=headers)
