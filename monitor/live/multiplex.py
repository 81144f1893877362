"""`/ws/live`: the feeds of many runs through one socket. The client says which, and may change its mind."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from monitor.context import Monitor
from monitor.live.feed import BrokenOffError, follow_feed
from monitor.live.framing import OfRun
from monitor.live.snapshot import find_subject

router = APIRouter()

MAX_SUBSCRIPTIONS = 100
MAX_BYTES = 4096
"""Of one message from a client."""

UNKNOWN = "Unknown job or run"
BROKEN = "The stream broke off; subscribe again"
MALFORMED = 'Expected {"subscribe": run_id, "after": seq} or {"unsubscribe": run_id}'
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """What a client may say: one of the two names."""

    subscribe: Name | None = None
    unsubscribe: Name | None = None
    after: Seq | None = None


_decode = msgspec.json.Decoder(Wish).decode
_encode = msgspec.json.Encoder().encode


@router.websocket("/ws/live")
async def live_stream(websocket: WebSocket) -> None:
    """Envelopes with the `run` they belong to, for as many runs as were subscribed."""
    await websocket.accept()
    subscriptions = Subscriptions(websocket, websocket.app.state.monitor)
    try:
        while True:
            await subscriptions.take(await websocket.receive())
    except (WebSocketDisconnect, RuntimeError):
        pass  # the viewer left, perhaps while something was on its way
    finally:
        await subscriptions.close()


class Subscriptions:
    """Of one socket: a task for each run, which ends with the run."""

    def __init__(self, websocket: WebSocket, monitor: Monitor) -> None:
        self._websocket = websocket
        self._monitor = monitor
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def take(self, message: Any) -> None:
        """Does what an ASGI message asks for, or says why not. Raises `WebSocketDisconnect` when the viewer has left."""
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        wish = _read(message.get("text"))
        if isinstance(wish, str):
            await self._say(error=wish)
        elif wish.unsubscribe is not None:
            self._drop(wish.unsubscribe)
        elif wish.subscribe is not None:
            self._drop(wish.subscribe)  # the same run again: it goes on from the new cursor
            if len(self._tasks) >= MAX_SUBSCRIPTIONS:
                await self._say(run=wish.subscribe, error=f"At most {MAX_SUBSCRIPTIONS} runs for one socket")
            else:
                self._tasks[wish.subscribe] = asyncio.create_task(self._follow(wish.subscribe, wish.after))

    async def close(self) -> None:
        """Ends all of them."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()

    async def _follow(self, name: str, after: int | None) -> None:
        try:
            subject = await run_sync(find_subject, self._monitor.engine, name)
            if subject is None:
                await self._say(run=name, error=UNKNOWN)
                return
            async with self._monitor.hub.watching(subject, "feed") as (topic, _):
                async for frames in follow_feed(self._monitor.engine, topic, after, OfRun(name)):
                    for text in frames:
                        await self._websocket.send({"type": "websocket.send", "text": text})
        except BrokenOffError:
            await self._say(run=name, error=BROKEN)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the viewer has left; the reader of the socket learns it too
        finally:
            if self._tasks.get(name) is asyncio.current_task():
                del self._tasks[name]

    async def _say(self, **message: str) -> None:
        await self._websocket.send({"type": "websocket.send", "text": _encode(message).decode()})


def _read(text: str | None) -> Wish | str:
    """The wish, or what is wrong with it."""
    if text is None or len(text) > MAX_BYTES or len(text.encode()) > MAX_BYTES:
        return f"Expected text of at most {MAX_BYTES} bytes"
    try:
        wish = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return f"{MALFORMED}: {error}"
    if (wish.subscribe is None) == (wish.unsubscribe is None):
        return MALFORMED
    return wish
