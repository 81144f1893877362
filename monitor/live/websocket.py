"""`/ws/training/{job_id}` and `/ws/runs/{run_id}`: messages after a cursor, then live messages until the job ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from monitor.context import Monitor
from monitor.live.feed import StreamInterruptedError, follow_feed, wait_for_messages
from monitor.live.framing import as_array, as_messages
from monitor.live.ring_buffer import RingBuffer
from monitor.live.snapshot import StreamTarget, find_target
from monitor.live.topic import Topic

router = APIRouter()

CLOSE_UNKNOWN = 4404
CLOSE_ENDED = 1000
CLOSE_INTERRUPTED = 1011
Cursor = Annotated[int | None, Query(ge=0, le=2**53, description="Only what has a greater seq.")]
Frames = Annotated[Literal["single", "array"], Query(description="One envelope in a frame, or as many as there are.")]


@router.websocket("/ws/training/{job_id}")
async def training_stream(websocket: WebSocket, job_id: str, after: Cursor = None) -> None:
    """Sends the messages of the Training Monitor API, one per training point."""
    monitor: Monitor = websocket.app.state.monitor
    target = await accept(websocket, monitor, job_id)
    if target is None:
        return
    async with monitor.hub.watching(target, "training") as (topic, ring):
        await send_all(websocket, _training(monitor, topic, ring, after))


@router.websocket("/ws/runs/{run_id}")
async def run_stream(websocket: WebSocket, run_id: str, after: Cursor = None, frames: Frames = "single") -> None:
    """Sends the feed of a run as envelopes `{"seq", "kind", "data"}`; with `frames=array` each frame is a list of envelopes."""
    monitor: Monitor = websocket.app.state.monitor
    target = await accept(websocket, monitor, run_id)
    if target is None:
        return
    framing = as_array if frames == "array" else as_messages
    async with monitor.hub.watching(target, "feed") as (topic, _):
        await send_all(websocket, follow_feed(monitor.engine, topic, after, framing))


async def accept(websocket: WebSocket, monitor: Monitor, name: str) -> StreamTarget | None:
    """Accepts the socket and finds its run. Closes the socket and returns None for an unknown name.

    Accepts before closing, because browsers see a close code only after the handshake.
    """
    await websocket.accept()
    target = await run_sync(find_target, monitor.engine, name)
    if target is None:
        await websocket.close(CLOSE_UNKNOWN, "Unknown job or run")
    return target


async def _training(monitor: Monitor, topic: Topic, ring: RingBuffer, after: int | None) -> AsyncIterator[list[str]]:
    position, until = ring.end, ring.published_seq
    run_id, messages = topic.target.run_id, monitor.hub.messages
    if topic.snapshot is not None:
        if after is None:
            yield await run_sync(messages.newest, run_id, topic.snapshot, until)
        else:
            yield await run_sync(messages.after, run_id, topic.snapshot, after, until)
    sent = until
    while True:
        is_over = topic.ended is not None
        texts = ring.read(position)
        position, until = ring.end, ring.published_seq
        if texts is None and topic.snapshot is not None:  # slower than the ring buffer: read the rest from the log
            texts = await run_sync(messages.after, run_id, topic.snapshot, sent, until)
        sent = until
        if texts:
            yield texts
        elif is_over:
            return
        else:
            await wait_for_messages(topic, ring)


async def send_all(websocket: WebSocket, stream: AsyncIterator[list[str]]) -> None:
    """Sends until the stream ends or the viewer disconnects. Closes with 1000 at the end."""

    async def send() -> None:
        async for texts in stream:
            for text in texts:
                await websocket.send({"type": "websocket.send", "text": text})

    sender = asyncio.create_task(send())
    listener = asyncio.create_task(_wait_for_disconnect(websocket))
    try:
        await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        if sender.done() and not listener.done():
            try:
                sender.result()
            except StreamInterruptedError:
                await websocket.close(CLOSE_INTERRUPTED, "The stream broke off; connect again")
            else:
                await websocket.close(CLOSE_ENDED, "The job has ended")
    except (WebSocketDisconnect, RuntimeError):
        pass  # the viewer disconnected during a send
    finally:
        for task in (sender, listener):
            task.cancel()
        with contextlib.suppress(BaseException):
            await asyncio.gather(sender, listener, return_exceptions=True)


async def _wait_for_disconnect(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
