"""`POST /api/runs/{id}/batches`: the hot path. Bytes in, checked by msgspec, answered after the commit."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from monitor.context import Monitor
from monitor.metrics.store import LoggedBatch
from monitor.metrics.wire import MAX_BODY_BYTES, decode_batch
from monitor.metrics.writer import Accepted
from pegbox.errors import PayloadTooLargeError


async def ingest_batch(request: Request) -> Response:
    """Takes one batch; see `monitor.metrics.wire.Batch` for its body."""
    monitor: Monitor = request.app.state.monitor
    batch, columns = decode_batch(await _read_body(request))
    logged = LoggedBatch(
        first_seq=0,
        run_id=request.path_params["run_id"],
        writer=batch.writer,
        sequence=batch.sequence,
        rewind_to=batch.rewind_to,
        columns=columns,
        samples=batch.samples,
        events=batch.events,
    )
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Accepted] = loop.create_future()

    def done(result: Accepted | BaseException) -> None:
        loop.call_soon_threadsafe(_settle, answer, result)

    monitor.writer.append(logged, done)
    accepted = await answer
    content = b'{"acknowledged":%d,"seq":%d}' % (accepted.sequence, accepted.seq)
    return Response(content, media_type="application/json")


def _settle(answer: asyncio.Future[Accepted], result: Accepted | BaseException) -> None:
    if answer.done():  # the client went away
        return
    if isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)


async def _read_body(request: Request) -> bytes:
    """The body, given up as soon as it exceeds the limit."""
    message = f"A batch must not exceed {MAX_BODY_BYTES} bytes"
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise PayloadTooLargeError(message)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise PayloadTooLargeError(message)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
