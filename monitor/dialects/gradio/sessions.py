"""Gradio's queue: who has joined, which call an answer belongs to, and the streams that carry the answers.

Two protocols: in `sse` every call has a stream of its own, over which the server asks for the arguments; in `sse_v1` and later
all calls of a session share one.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from typing import Any

from pegbox.errors import NotFoundError, UnavailableError

MAX_JOINED = 2_000
MAX_MESSAGES = 1_000
IDLE_SECONDS = 600.0
FULL = "Queue is full; try again later"

Message = dict[str, Any]


class Sessions:
    """Belongs to the event loop."""

    def __init__(self) -> None:
        self._joined: dict[str, asyncio.Future[list[Any]]] = {}
        self._streams: OrderedDict[str, Stream] = OrderedDict()

    def join(self) -> tuple[str, asyncio.Future[list[Any]]]:
        """A place in the queue and the arguments that will come for it. Raises `UnavailableError` when there is no more room."""
        if len(self._joined) >= MAX_JOINED:
            raise UnavailableError(FULL)
        event_id = secrets.token_hex(16)
        arguments = self._joined[event_id] = asyncio.get_running_loop().create_future()
        return event_id, arguments

    def leave(self, event_id: str) -> None:
        """Gives the place back. Harmless when it is gone."""
        self._joined.pop(event_id, None)

    def deliver_arguments(self, event_id: str, data: list[Any]) -> None:
        """Raises `NotFoundError` unless somebody waits for these arguments."""
        arguments = self._joined.pop(event_id, None)
        if arguments is None or arguments.done():
            raise NotFoundError("Unknown or expired event_id")
        arguments.set_result(data)

    def stream(self, session_hash: str) -> Stream:
        """The session's stream, made when first asked for. Those that nobody has used for long go."""
        stream = self._streams.get(session_hash)
        if stream is None:
            self._sweep()
            if len(self._streams) >= MAX_JOINED:
                raise UnavailableError(FULL)
            stream = self._streams[session_hash] = Stream()
        stream.used_at = time.monotonic()
        self._streams.move_to_end(session_hash)
        return stream

    def close(self, session_hash: str) -> None:
        """Forgets the session's stream."""
        self._streams.pop(session_hash, None)

    def _sweep(self) -> None:
        before = time.monotonic() - IDLE_SECONDS
        while self._streams and next(iter(self._streams.values())).used_at < before:
            self._streams.popitem(last=False)


class Stream:
    """What a session's calls have to say, in order. `pending` counts those that are not over."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue(MAX_MESSAGES)
        self.pending = 0
        self.used_at = time.monotonic()

    def begin(self) -> None:
        """Makes room for one more call. Raises `UnavailableError` when too many wait."""
        if self.pending + self._messages.qsize() >= MAX_MESSAGES:
            raise UnavailableError(FULL)
        self.pending += 1

    def finish(self, message: Message) -> None:
        """A call is over."""
        self.pending -= 1
        self._messages.put_nowait(message)

    @property
    def is_over(self) -> bool:
        """Nothing waits and nothing is on its way."""
        return not self.pending and self._messages.empty()

    async def next(self, timeout_seconds: float) -> Message | None:
        """The next message; None when none came in time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._messages.get()
        except TimeoutError:
            return None
