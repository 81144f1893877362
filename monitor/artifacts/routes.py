"""`/api/runs/{id}/artifacts`: streamed upload and download of a run's files."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from monitor.artifacts import repository, service
from monitor.context import MonitorDep
from monitor.runs.service import find_run_id
from pegbox.errors import NotFoundError, PayloadTooLargeError, PegboxError, ValidationError
from pegbox.schemas.runs.artifact import ArtifactName, ArtifactView
from pegbox.store.incoming import Incoming
from pegbox.web.drain import drain
from pegbox.web.error_handlers import error_responses

router = APIRouter(prefix="/api/runs", tags=["Artifacts"])


@router.put(
    "/{run_id}/artifacts/{name}",
    response_model=ArtifactView,
    responses={
        200: {"description": "It replaced the file of this name"},
        201: {"model": ArtifactView},
        **error_responses(404, 413, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def put_artifact(
    run_id: str,
    name: ArtifactName,
    request: Request,
    response: Response,
    monitor: MonitorDep,
    step: Annotated[int | None, Query(ge=-(2**53), le=2**53)] = None,
    description: Annotated[str, Query(max_length=2_000)] = "",
    category: Annotated[str, Query(max_length=100)] = "",
    sha256: Annotated[
        str | None, Query(pattern="^[0-9a-f]{64}$", description="If given, the file must have this hash.")
    ] = None,
) -> ArtifactView:
    """Stores a file of the run; the body is the file. Responds when the file and its row are on disk."""
    known = await asyncio.to_thread(find_run_id, monitor.engine, run_id)
    incoming = await _receive(request, monitor)
    if sha256 is not None and incoming.sha256 != sha256:
        incoming.discard()
        raise ValidationError(f"sha256: the file has {incoming.sha256}; it was damaged on the way")
    artifact, is_new = await asyncio.to_thread(
        service.store_artifact,
        monitor.writer,
        known,
        name,
        incoming,
        step=step,
        description=description,
        category=category,
    )
    response.status_code = 201 if is_new else 200
    return artifact


async def _receive(request: Request, monitor: MonitorDep) -> Incoming:
    """Streams the body to a file; deletes the file when the upload breaks off or exceeds the limit."""
    limit = monitor.settings.max_artifact_bytes
    too_large = PayloadTooLargeError(f"An artifact must not exceed {limit} bytes")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        await drain(request)
        raise too_large
    incoming = await asyncio.to_thread(service.open_incoming, monitor.settings)
    try:
        piece = bytearray()
        async for data in request.stream():
            piece += data
            if incoming.size_bytes + len(piece) > limit:
                raise too_large
            if len(piece) >= service.PIECE_BYTES:
                await asyncio.to_thread(incoming.write, bytes(piece))
                piece.clear()
        await asyncio.to_thread(incoming.write, bytes(piece))
        await asyncio.to_thread(incoming.close)
    except BaseException as error:
        incoming.discard()
        if isinstance(error, PegboxError):
            await drain(request)
        raise
    return incoming


@router.get("/{run_id}/artifacts", response_model=list[ArtifactView], responses=error_responses(404, 422))
def list_artifacts(
    run_id: str, monitor: MonitorDep, limit: Annotated[int, Query(ge=1, le=1000)] = 1000
) -> list[ArtifactView]:
    """Returns the run's artifacts by name."""
    return service.list_artifacts(monitor, find_run_id(monitor.engine, run_id), limit)


@router.get(
    "/{run_id}/artifacts/{name}",
    response_class=FileResponse,
    responses={
        200: {
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            "description": "The file; ranges are served",
        },
        **error_responses(404, 422),
    },
)
def download_artifact(run_id: str, name: ArtifactName, monitor: MonitorDep) -> FileResponse:
    """Returns the file, always as a download: HTML that a run stored must not execute in the monitor's origin."""
    known = find_run_id(monitor.engine, run_id)
    with monitor.engine.connect() as connection:
        artifact = repository.find_artifact(connection, known, name)
    if artifact is None:
        raise NotFoundError(f"Artifact not found: {name} in run {known}")
    path = monitor.settings.artifacts_dir / artifact.sha256
    if not path.is_file():
        raise NotFoundError(f"The file of artifact {name} is missing from {path.parent}")
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=name,
        headers={"ETag": f'"{artifact.sha256}"', "X-Content-Type-Options": "nosniff"},
    )
