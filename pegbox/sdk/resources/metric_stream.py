"""A job's metrics as they come: reads server-sent events, and goes on behind the last one when the stream breaks off."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

from pegbox.errors import TooManyRequestsError, UnavailableError
from pegbox.sdk.call import segment
from pegbox.sdk.records import MetricPoint

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
MAX_LINE_BYTES = 4 * 1024 * 1024
NUMBER_OF_WORD = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class EventSource(Protocol):
    """Where a blocking stream comes from."""

    def events(self, path: str, last_event_id: int) -> AbstractContextManager[Iterator[bytes]]: ...


class AsyncEventSource(Protocol):
    """Where an async stream comes from."""

    def events(self, path: str, last_event_id: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...


class MetricReader:
    """Bytes in, points out. `last_event_id` is where to go on, `status` the job's last word, None until it was said."""

    def __init__(self, after: int) -> None:
        self.last_event_id = after
        self.status: str | None = None
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._id: int | None = None
        self._pause = FIRST_PAUSE_SECONDS

    def feed(self, piece: bytes) -> list[MetricPoint]:
        """The points that are complete with this piece. Raises ValueError when it is no stream of ours."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError("the stream has a line of more than 4 MiB: it is not one of Pegbox")
        return [point for line in lines if (point := self._take(line.removesuffix(b"\r").decode())) is not None]

    def begin(self) -> None:
        """A new connection: what the last one left unfinished is forgotten."""
        self._rest, self._event, self._data, self._id = b"", "", [], None

    def pause(self, error: Exception | None) -> float:
        """Seconds to wait before connecting again; longer each time that no point came in between."""
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return max(pause, error.retry_after_seconds) if isinstance(error, TooManyRequestsError) else pause

    def _take(self, line: str) -> MetricPoint | None:
        if not line:
            return self._finish()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self._id = int(value)
        elif name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        return None

    def _finish(self) -> MetricPoint | None:
        event, data, cursor = self._event, "\n".join(self._data), self._id
        self._event, self._data, self._id = "", [], None
        if not data:
            return None
        values: dict[str, Any] = json.loads(data)
        if event == "end":
            self.status = values["status"]
            return None
        if cursor is not None:
            self.last_event_id = cursor
        self._pause = FIRST_PAUSE_SECONDS
        return MetricPoint({name: _number(value) for name, value in values.items()})


def follow(source: EventSource, uid: str, after: int) -> Iterator[MetricPoint]:
    """All points behind the cursor until the job ends; an outage is waited out. Raises NotFoundError for an unknown job."""
    reader = MetricReader(after)
    while True:
        failure: Exception | None = None
        try:
            reader.begin()
            with source.events(path_of(uid), reader.last_event_id) as pieces:
                for piece in pieces:
                    yield from reader.feed(piece)
                    if reader.status is not None:
                        return
        except (UnavailableError, TooManyRequestsError) as error:
            failure = error
        time.sleep(reader.pause(failure))


async def follow_async(source: AsyncEventSource, uid: str, after: int) -> AsyncIterator[MetricPoint]:
    """The same for asyncio."""
    reader = MetricReader(after)
    while True:
        failure: Exception | None = None
        try:
            reader.begin()
            async with source.events(path_of(uid), reader.last_event_id) as pieces:
                async for piece in pieces:
                    for point in reader.feed(piece):
                        yield point
                    if reader.status is not None:
                        return
        except (UnavailableError, TooManyRequestsError) as error:
            failure = error
        await asyncio.sleep(reader.pause(failure))


def path_of(uid: str) -> str:
    return f"/api/jobs/{segment(uid)}/stream"


def _number(value: Any) -> Any:
    """JSON has no word for NaN and infinities, so text stands in for them on the wire."""
    return NUMBER_OF_WORD.get(value, value) if isinstance(value, str) else value
