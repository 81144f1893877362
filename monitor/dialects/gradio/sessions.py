"""Gradio's queue: waiting calls, and the streams that deliver their results.

Two protocols: in `sse` each call has its own stream, over which the server requests the arguments; from `sse_v1` on all calls of
a session share a stream.
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
    """Not thread-safe: used on the event loop only."""

    def __init__(self) -> None:
        self._joined: dict[str, asyncio.Future[list[Any]]] = {}
        self._streams: OrderedDict[str, Stream] = OrderedDict()

    def join(self) -> tuple[str, asyncio.Future[list[Any]]]:
        """Adds a call. Returns its id and a future of its arguments. Raises `UnavailableError` when the queue is full."""
        if len(self._joined) >= MAX_JOINED:
            raise UnavailableError(FULL)
        event_id = secrets.token_hex(16)
        arguments = self._joined[event_id] = asyncio.get_running_loop().create_future()
        return event_id, arguments

    def leave(self, event_id: str) -> None:
        """Removes a call from the queue. No-op for an unknown id."""
        self._joined.pop(event_id, None)

    def deliver_arguments(self, event_id: str, data: list[Any]) -> None:
        """Sets the arguments of a waiting call. Raises `NotFoundError` for an unknown id."""
        arguments = self._joined.pop(event_id, None)
        if arguments is None or arguments.done():
            raise NotFoundError("Unknown or expired event_id")
        arguments.set_result(data)

    def stream(self, session_hash: str) -> Stream:
        """Returns the stream of a session, creating it if needed. Removes streams that have been idle for long."""
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
        """Removes the stream of a session."""
        self._streams.pop(session_hash, None)

    def _sweep(self) -> None:
        before = time.monotonic() - IDLE_SECONDS
        while self._streams and next(iter(self._streams.values())).used_at < before:
            self._streams.popitem(last=False)


class Stream:
    """The messages of a session's calls, in order. `pending` counts unfinished calls."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue(MAX_MESSAGES)
        self.pending = 0
        self.used_at = time.monotonic()

    def begin(self) -> None:
        """Reserves room for a call. Raises `UnavailableError` when too many are pending."""
        if self.pending + self._messages.qsize() >= MAX_MESSAGES:
            raise UnavailableError(FULL)
        self.pending += 1

    def finish(self, message: Message) -> None:
        """Adds the final message of a call."""
        self.pending -= 1
        self._messages.put_nowait(message)

    @property
    def is_over(self) -> bool:
        """Whether no call is pending and all messages are sent."""
        return not self.pending and self._messages.empty()

    async def next(self, timeout_seconds: float) -> Message | None:
        """Returns the next message; None after the timeout."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._messages.get()
        except TimeoutError:
            return None
