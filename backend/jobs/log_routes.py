"""HTTP routes for the logs of a job: excerpts, search, download and following."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from backend.dependencies import Config, Database
from backend.jobs import logs, service
from pegbox.errors import NotFoundError, PegboxError, ValidationError
from pegbox.schemas.jobs.job import JobLog, LogLine
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.settings import Settings
from pegbox.store.database import open_session
from pegbox.store.tables import Job
from pegbox.web.error_handlers import error_responses

router = APIRouter(tags=["Jobs"])

POLL_SECONDS = 0.2
MAX_MATCHES = 1000
PLAIN = "text/plain; charset=utf-8"


@router.get(
    "/api/jobs/{uid}/logs",
    responses={
        200: {"model": JobLog, "content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Lines"},
        **error_responses(404, 422),
    },
    summary="Get Job Logs",
)
async def get_logs(
    uid: Annotated[str, Path(min_length=1, max_length=100, description="The job's uid or id.")],
    request: Request,
    engine: Database,
    settings: Config,
    stream: Annotated[logs.Stream, Query()] = "stdout",
    tail: Annotated[
        int | None, Query(ge=1, le=100_000, description="So many of the last lines; 1000 if nothing is said")
    ] = None,
    offset: Annotated[int | None, Query(ge=0, description="Begin at this byte")] = None,
    length: Annotated[int, Query(ge=1, le=logs.MAX_BYTES, description="With offset: how many bytes")] = 262_144,
    line: Annotated[int | None, Query(ge=1, description="Begin at this line, counted from 1")] = None,
    lines: Annotated[int, Query(ge=1, le=100_000, description="With line: how many lines")] = 1000,
    search: Annotated[str, Query(max_length=200, description="Only lines that contain this")] = "",
    follow: Annotated[bool, Query(description="Goes on until the job has ended")] = False,
    download: Annotated[bool, Query(description="All of it, as a file")] = False,
) -> Any:
    """What the job printed, as text; as JSON on `Accept: application/json`. An answer holds 4 MiB at most, `follow` and
    `download` whatever there is."""
    selectors = [name for name, value in (("tail", tail), ("offset", offset), ("line", line)) if value is not None]
    if len(selectors) > 1:
        raise ValidationError(f"Choose one of {' and '.join(selectors)}")
    job = await run_in_threadpool(_find, engine, uid)
    folder = settings.jobs_dir
    if download:
        path = logs.log_file(folder, job.uid, stream)
        if not path.is_file():
            raise NotFoundError(f"Job '{uid}' has not written anything to {stream}")
        return FileResponse(path, media_type=PLAIN, filename=f"{job.id or job.uid}.{stream}.log")
    if search:
        found = await run_in_threadpool(logs.search, folder, job.uid, stream, search, MAX_MATCHES)
        matches = [LogLine(number=number, text=text) for number, text in found.lines]
        texts = [match.text for match in matches]
        return _respond(request, JobLog(stream=stream, lines=texts, truncated=found.truncated, matches=matches))
    if follow:
        start = offset
        if start is None:
            start = (await run_in_threadpool(_read_excerpt, folder, job.uid, stream, tail, None, 0, line, lines)).offset
        content = _follow(engine, settings, job.uid, stream, start)
        # Without this header, nginx buffers the response and delays new lines.
        return StreamingResponse(
            content, media_type=PLAIN, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        )
    excerpt = await run_in_threadpool(_read_excerpt, folder, job.uid, stream, tail, offset, length, line, lines)
    shown = JobLog(
        stream=stream,
        lines=excerpt.lines,
        truncated=excerpt.truncated,
        size_bytes=excerpt.size,
        offset=excerpt.offset,
        next_offset=excerpt.next_offset,
    )
    return _respond(request, shown)


def _read_excerpt(
    folder: Any,
    uid: str,
    stream: logs.Stream,
    tail: int | None,
    offset: int | None,
    length: int,
    line: int | None,
    lines: int,
) -> logs.LogExcerpt:
    if offset is not None:
        return logs.read_bytes(folder, uid, stream, offset, length)
    if line is not None:
        return logs.read_lines(folder, uid, stream, line, lines)
    return logs.read_tail(folder, uid, stream, tail or 1000)


async def _follow(
    engine: Engine, settings: Settings, uid: str, stream: logs.Stream, offset: int
) -> AsyncIterator[bytes]:
    """Yields existing and new bytes of the log until the job has ended and its log is read. Ends early if the job is deleted."""
    while True:
        try:
            ended = (await run_in_threadpool(_find, engine, uid)).state in TERMINAL_STATES
        except PegboxError:
            return
        while data := await run_in_threadpool(logs.read_block, settings.jobs_dir, uid, stream, offset):
            offset += len(data)
            yield data
        if ended:
            return
        await asyncio.sleep(POLL_SECONDS)


def _respond(request: Request, log: JobLog) -> JSONResponse | PlainTextResponse:
    headers = {"Vary": "Accept", "X-Next-Offset": str(log.next_offset)}
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(log.model_dump(mode="json"), headers=headers)
    return PlainTextResponse("".join(f"{text}\n" for text in log.lines), headers=headers)


def _find(engine: Engine, uid: str) -> Job:
    with open_session(engine) as db:
        return service.get_job(db, uid)
