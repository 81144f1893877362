"""Uploads over HTTP: the shape of the tus protocol's core (https://tus.io), with JSON to begin and to finish."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from backend.dependencies import Config, Database, Db
from backend.uploads import service
from backend.uploads.piece_writer import PieceWriter
from pegbox.errors import UnusableContentError
from pegbox.schemas.base import Done
from pegbox.schemas.upload import UploadCreate, UploadView
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Uploads"])

WRITE_BYTES = 1024 * 1024
IDLE_SECONDS = 60.0
"""A client that sends nothing for this long is gone; it may come back and ask for the offset."""

UploadKey = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[a-z0-9-]+$", description="The upload's id.")]
Offset = Annotated[int, Header(ge=0, le=2**53, description="Where this piece begins: the upload's `offset`.")]
PIECE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
OFFSET_HEADERS = {
    "Upload-Offset": {"schema": {"type": "integer"}, "description": "Bytes that are safely on the disk."},
    "Upload-Length": {"schema": {"type": "integer"}, "description": "Bytes in all."},
}


@router.post(
    "/api/uploads",
    status_code=201,
    response_model=UploadView,
    responses=error_responses(400, 409, 413, 422, 503),
    summary="Begin Upload",
)
def begin_upload(body: UploadCreate, response: Response, db: Db, settings: Config) -> UploadView:
    """Announces a file. Its bytes come with `PATCH`, in order, in pieces of at most `max_piece_bytes`."""
    upload = service.begin_upload(db, settings, body)
    response.headers["Location"] = f"/api/uploads/{upload.id}"
    response.headers["Upload-Offset"] = "0"
    return service.show_upload(upload)


@router.get(
    "/api/uploads/{upload_id}", response_model=UploadView, responses=error_responses(404, 422), summary="Get Upload"
)
def get_upload(upload_id: UploadKey, response: Response, db: Db) -> UploadView:
    """How much has arrived: after a break, continue at `offset`."""
    upload = service.get_upload(db, upload_id)
    _tell_offset(response, upload.received_bytes, upload.size_bytes)
    return service.show_upload(upload)


@router.head(
    "/api/uploads/{upload_id}",
    status_code=200,
    response_class=Response,
    responses={200: {"headers": OFFSET_HEADERS, "description": "The offset"}, **error_responses(404, 422)},
    summary="Get Upload Offset",
    include_in_schema=False,
)
def head_upload(upload_id: UploadKey, db: Db) -> Response:
    upload = service.get_upload(db, upload_id)
    response = Response()
    _tell_offset(response, upload.received_bytes, upload.size_bytes)
    return response


@router.patch(
    "/api/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    openapi_extra=PIECE_BODY,
    responses={
        204: {"headers": OFFSET_HEADERS, "description": "The piece is safely on the disk"},
        **error_responses(400, 404, 409, 413, 422, 503),
    },
    summary="Continue Upload",
)
async def continue_upload(
    upload_id: UploadKey, request: Request, settings: Config, engine: Database, upload_offset: Offset
) -> Response:
    """Appends the body. What arrived of a piece that broke off counts too: ask for the offset, then continue there."""
    piece = await run_in_threadpool(service.open_piece, engine, settings, upload_id, upload_offset)
    try:
        offset = await _receive(request, piece)
    finally:
        piece.close()
    return Response(status_code=204, headers={"Upload-Offset": str(offset), "Cache-Control": "no-store"})


@router.post(
    "/api/uploads/{upload_id}/finish",
    response_model=UploadView,
    responses=error_responses(400, 404, 409, 422),
    summary="Finish Upload",
)
async def finish_upload(upload_id: UploadKey, request: Request, settings: Config, engine: Database) -> UploadView:
    """Checks that all bytes are there and what their hashes are. Making a dataset of an upload does this by itself."""
    work = partial(_finish, engine, settings, upload_id)
    return await to_thread.run_sync(work, limiter=request.app.state.csv_threads)


@router.delete(
    "/api/uploads/{upload_id}", response_model=Done, responses=error_responses(404, 422), summary="Delete Upload"
)
def delete_upload(upload_id: UploadKey, db: Db, settings: Config) -> Done:
    service.delete_upload(db, settings, upload_id)
    return Done(message="Upload deleted")


async def _receive(request: Request, piece: PieceWriter) -> int:
    """Writes what comes and commits it, also when the client hangs up in the middle; the new offset."""
    pending = bytearray()
    stream = request.stream()
    try:
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    chunk = await anext(stream, None)
            except (ClientDisconnect, TimeoutError) as error:
                await run_in_threadpool(_settle, piece, bytes(pending))
                raise UnusableContentError("The piece broke off before its end; what arrived of it counts") from error
            if chunk is None:
                return await run_in_threadpool(_settle, piece, bytes(pending))
            pending += chunk
            if len(pending) >= WRITE_BYTES:
                await run_in_threadpool(piece.write, bytes(pending))
                pending.clear()
    finally:
        await stream.aclose()


def _settle(piece: PieceWriter, rest: bytes) -> int:
    piece.write(rest)
    return piece.commit()


def _finish(engine: Database, settings: Settings, upload_id: str) -> UploadView:
    with open_session(engine) as db:
        return service.show_upload(service.finish_upload(db, settings, upload_id))


def _tell_offset(response: Response, offset: int, size: int) -> None:
    response.headers["Upload-Offset"], response.headers["Upload-Length"] = str(offset), str(size)
    response.headers["Cache-Control"] = "no-store"
