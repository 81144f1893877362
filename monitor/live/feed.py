"""The feed of one viewer: the backlog after its cursor, the status of the run, then live messages until the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from sqlalchemy import Engine

from monitor.live.backlog import read_backlog
from monitor.live.envelopes import reset
from monitor.live.framing import Framing, as_messages
from monitor.live.ring_buffer import RingBuffer
from monitor.live.topic import Topic


class StreamInterruptedError(Exception):
    """The stream failed; the viewer should reconnect and resume from its cursor."""


async def follow_feed(
    engine: Engine,
    topic: Topic,
    after: int | None,
    framing: Framing = as_messages,
    *,
    idle_seconds: float | None = None,
) -> AsyncIterator[list[str]]:
    """Yields frames in order; an empty list after `idle_seconds` without messages. Raises `StreamInterruptedError`."""
    ring = topic.feed
    position, until = ring.end, ring.published_seq
    if after is not None:
        backlog = await run_sync(read_backlog, engine, topic.target.run_id, after, until)
        if backlog:
            yield framing(backlog)
    yield framing([topic.status_message(until)])
    while True:
        is_over = topic.ended is not None
        frames = ring.read(position, framing)
        position = ring.end
        if frames is None:
            frames = framing([reset(ring.published_seq)])
        if frames:
            yield frames
        elif is_over:
            yield framing([topic.end_message()])
            return
        elif await wait_for_messages(topic, ring, idle_seconds):
            yield []


async def wait_for_messages(topic: Topic, ring: RingBuffer, timeout: float | None = None) -> bool:
    """Waits for new messages. True when `timeout` seconds passed without any. Raises `StreamInterruptedError`."""
    if topic.is_broken:
        raise StreamInterruptedError
    before = ring.end
    await ring.wait(timeout)
    return timeout is not None and ring.end == before and topic.ended is None
