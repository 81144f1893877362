"""Streams a job's metrics as server-sent events; reconnects after the last event when the connection breaks."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from pegbox.errors import TooManyRequestsError, UnavailableError
from pegbox.sdk.call import quote_segment
from pegbox.sdk.records import MetricPoint
from pegbox.sdk.resource import AwaitableClient, BlockingClient

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 10.0
MAX_LINE_BYTES = 4 * 1024 * 1024
NONFINITE_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class MetricReader:
    """Parses the event stream. `last_event_id` is the cursor for a reconnect, `status` the final status or `None`."""

    def __init__(self, after: int) -> None:
        self.last_event_id = after
        self.status: str | None = None
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._id: int | None = None
        self._delay = FIRST_DELAY_SECONDS

    def feed(self, chunk: bytes) -> list[MetricPoint]:
        """The points completed by a chunk of the body. Raises ValueError for a body that is not a metric stream."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError("the stream has a line of more than 4 MiB: it is not one of Pegbox")
        return [point for line in lines if (point := self._parse_line(line.removesuffix(b"\r").decode())) is not None]

    def begin(self) -> None:
        """Starts a new connection: drops an incomplete event of the last one."""
        self._rest, self._event, self._data, self._id = b"", "", [], None

    def next_delay(self, error: Exception | None) -> float:
        """Seconds to wait before the next connection; doubles until a point arrives."""
        delay, self._delay = self._delay, min(2 * self._delay, MAX_DELAY_SECONDS)
        return max(delay, error.retry_after_seconds) if isinstance(error, TooManyRequestsError) else delay

    def _parse_line(self, line: str) -> MetricPoint | None:
        if not line:
            return self._complete_event()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self._id = int(value)
        elif name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        return None

    def _complete_event(self) -> MetricPoint | None:
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
        self._delay = FIRST_DELAY_SECONDS
        return MetricPoint({name: _number(value) for name, value in values.items()})


def stream_points(client: BlockingClient, uid: str, after: int) -> Iterator[MetricPoint]:
    """Yields all points after the cursor until the job ends; reconnects after outages. Raises NotFoundError."""
    reader = MetricReader(after)
    while True:
        failure: Exception | None = None
        try:
            reader.begin()
            with client.events(_stream_path(uid), reader.last_event_id) as chunks:
                for chunk in chunks:
                    yield from reader.feed(chunk)
                    if reader.status is not None:
                        return
        except (UnavailableError, TooManyRequestsError) as error:
            failure = error
        time.sleep(reader.next_delay(failure))


async def stream_points_async(client: AwaitableClient, uid: str, after: int) -> AsyncIterator[MetricPoint]:
    """As `stream_points`, for asyncio."""
    reader = MetricReader(after)
    while True:
        failure: Exception | None = None
        try:
            reader.begin()
            async with client.events(_stream_path(uid), reader.last_event_id) as chunks:
                async for chunk in chunks:
                    for point in reader.feed(chunk):
                        yield point
                    if reader.status is not None:
                        return
        except (UnavailableError, TooManyRequestsError) as error:
            failure = error
        await asyncio.sleep(reader.next_delay(failure))


def _stream_path(uid: str) -> str:
    return f"/api/jobs/{quote_segment(uid)}/stream"


def _number(value: Any) -> Any:
    """Reads NaN and infinities, which JSON lacks, from the text that replaces them on the wire."""
    return NONFINITE_NUMBERS.get(value, value) if isinstance(value, str) else value
