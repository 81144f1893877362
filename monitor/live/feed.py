"""What one viewer of a feed gets: everything behind its cursor, the state of the run, then whatever comes, until the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from sqlalchemy import Engine

from monitor.live.backlog import read_backlog
from monitor.live.envelopes import reset
from monitor.live.framing import Form, as_messages
from monitor.live.ring_buffer import Ring
from monitor.live.topic import Topic


class BrokenOffError(Exception):
    """The stream cannot go on; the viewer should connect again and resume."""


async def follow_feed(
    engine: Engine,
    topic: Topic,
    after: int | None,
    form: Form = as_messages,
    *,
    idle_seconds: float | None = None,
) -> AsyncIterator[list[str]]:
    """Frames to send, in order. After `idle_seconds` without news an empty list. Raises `BrokenOffError`."""
    ring = topic.feed
    position, until = ring.end, ring.published_seq
    if after is not None:
        backlog = await run_sync(read_backlog, engine, topic.subject.run_id, after, until)
        if backlog:
            yield form(backlog)
    yield form([topic.status_message(until)])
    while True:
        is_over = topic.ended is not None
        frames = ring.read(position, form)
        position = ring.end
        if frames is None:
            frames = form([reset(ring.published_seq)])
        if frames:
            yield frames
        elif is_over:
            yield form([topic.end_message()])
            return
        elif await news(topic, ring, idle_seconds):
            yield []


async def news(topic: Topic, ring: Ring, timeout: float | None = None) -> bool:
    """Waits for more to send. True when `timeout` seconds have passed without; raises `BrokenOffError`."""
    if topic.is_broken:
        raise BrokenOffError
    before = ring.end
    await ring.wait(timeout)
    return timeout is not None and ring.end == before and topic.ended is None
