"""`POST /api/runs/{id}/batches`, the hot path: msgspec decodes and validates the body, the response follows the commit."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive

from monitor.metrics.ingest.batch_schema import MAX_BODY_BYTES, decode_batch
from monitor.metrics.ingest.messagepack import CONTENT_TYPES, decode_binary
from monitor.metrics.ingest.writer import Accepted, Writer
from monitor.metrics.log.store import LoggedBatch
from pegbox.errors import PayloadTooLargeError

TOO_LARGE = f"A batch must not exceed {MAX_BODY_BYTES} bytes"


async def ingest_batch(request: Request) -> Response:
    """Accepts one batch: JSON (`batch_schema.Batch`) or MessagePack (`messagepack.BinaryBatch`)."""
    headers = request.scope["headers"]
    body = await read_body(headers, request.receive)
    content = await accept_batch(request.app.state.monitor.writer, request.path_params["run_id"], headers, body)
    return Response(content, media_type="application/json")


async def accept_batch(writer: Writer, run_id: str, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Decodes a batch, waits for its commit and returns the JSON of the response."""
    is_binary = _header(headers, b"content-type").partition(b";")[0].strip().lower() in CONTENT_TYPES
    batch, columns = decode_binary(body) if is_binary else decode_batch(body)
    logged = LoggedBatch(
        first_seq=0,
        run_id=run_id,
        writer=batch.writer,
        sequence=batch.sequence,
        rewind_to=batch.rewind_to,
        columns=columns,
        samples=batch.samples,
        events=batch.events,
        media=batch.media,
    )
    accepted = await commit(writer, logged)
    return b'{"acknowledged":%d,"seq":%d}' % (accepted.sequence, accepted.seq)


async def commit(writer: Writer, batch: LoggedBatch) -> Accepted:
    """Queues a batch and waits for its commit. Raises the error with which the writer rejects the batch."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Accepted] = loop.create_future()

    def done(result: Accepted | BaseException) -> None:
        loop.call_soon_threadsafe(_resolve, answer, result)

    writer.append(batch, done)
    return await answer


def _resolve(answer: asyncio.Future[Accepted], result: Accepted | BaseException) -> None:
    if answer.done():  # the client disconnected
        return
    if isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)


async def read_body(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """Reads the request body. Raises `PayloadTooLargeError` as soon as the body exceeds `MAX_BODY_BYTES`."""
    announced = _header(headers, b"content-length")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise PayloadTooLargeError(TOO_LARGE)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise PayloadTooLargeError(TOO_LARGE)
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    return next((value for key, value in headers if key == name), b"")
