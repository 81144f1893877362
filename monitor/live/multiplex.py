"""`/ws/live`: the feeds of many runs through one socket. Clients subscribe and unsubscribe at any time."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from monitor.context import Monitor
from monitor.live.feed import StreamInterruptedError, follow_feed
from monitor.live.framing import WithRunId
from monitor.live.snapshot import find_target

router = APIRouter()

MAX_SUBSCRIPTIONS = 100
MAX_BYTES = 4096
"""Maximum size of a message from a client."""

UNKNOWN = "Unknown job or run"
BROKEN = "The stream broke off; subscribe again"
MALFORMED = 'Expected {"subscribe": run_id, "after": seq} or {"unsubscribe": run_id}'
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class SubscriptionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A message from a client; exactly one of `subscribe` and `unsubscribe` is set."""

    subscribe: Name | None = None
    unsubscribe: Name | None = None
    after: Seq | None = None


_decode = msgspec.json.Decoder(SubscriptionRequest).decode
_encode = msgspec.json.Encoder().encode


@router.websocket("/ws/live")
async def live_stream(websocket: WebSocket) -> None:
    """Sends envelopes with the id of their `run` for all subscribed runs."""
    await websocket.accept()
    subscriptions = Subscriptions(websocket, websocket.app.state.monitor)
    try:
        while True:
            await subscriptions.handle(await websocket.receive())
    except (WebSocketDisconnect, RuntimeError):
        pass  # the viewer disconnected, perhaps during a send
    finally:
        await subscriptions.close()


class Subscriptions:
    """The subscriptions of one socket: a task per run, which ends with the run."""

    def __init__(self, websocket: WebSocket, monitor: Monitor) -> None:
        self._websocket = websocket
        self._monitor = monitor
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def handle(self, message: Any) -> None:
        """Handles an ASGI message, or replies with an error. Raises `WebSocketDisconnect` when the viewer has disconnected."""
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        request = _decode_request(message.get("text"))
        if isinstance(request, str):
            await self._send(error=request)
        elif request.unsubscribe is not None:
            self._unsubscribe(request.unsubscribe)
        elif request.subscribe is not None:
            self._unsubscribe(request.subscribe)  # a repeated subscription continues from the new cursor
            if len(self._tasks) >= MAX_SUBSCRIPTIONS:
                await self._send(run=request.subscribe, error=f"At most {MAX_SUBSCRIPTIONS} runs for one socket")
            else:
                self._tasks[request.subscribe] = asyncio.create_task(self._follow(request.subscribe, request.after))

    async def close(self) -> None:
        """Cancels all subscriptions."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _unsubscribe(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()

    async def _follow(self, name: str, after: int | None) -> None:
        try:
            target = await run_sync(find_target, self._monitor.engine, name)
            if target is None:
                await self._send(run=name, error=UNKNOWN)
                return
            async with self._monitor.hub.watching(target, "feed") as (topic, _):
                async for frames in follow_feed(self._monitor.engine, topic, after, WithRunId(name)):
                    for text in frames:
                        await self._websocket.send({"type": "websocket.send", "text": text})
        except StreamInterruptedError:
            await self._send(run=name, error=BROKEN)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the viewer disconnected; the receiving loop ends as well
        finally:
            if self._tasks.get(name) is asyncio.current_task():
                del self._tasks[name]

    async def _send(self, **message: str) -> None:
        await self._websocket.send({"type": "websocket.send", "text": _encode(message).decode()})


def _decode_request(text: str | None) -> SubscriptionRequest | str:
    """Returns the request, or an error message."""
    if text is None or len(text) > MAX_BYTES or len(text.encode()) > MAX_BYTES:
        return f"Expected text of at most {MAX_BYTES} bytes"
    try:
        request = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return f"{MALFORMED}: {error}"
    if (request.subscribe is None) == (request.unsubscribe is None):
        return MALFORMED
    return request
