"""The job stream of one viewer: all points after its cursor except rewound ones, then live points."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator
from itertools import accumulate

from anyio.to_thread import run_sync
from sqlalchemy import Engine

from monitor.live.envelopes import envelope, point_data
from monitor.live.feed import wait_for_messages
from monitor.live.flat_points import GAP
from monitor.live.framing import Framing
from monitor.live.topic import Topic
from monitor.metrics.log import store

PAGE = 2_000
"""Points per page read from the log, rounded up to whole batches; bounds the memory of a slow viewer."""


async def follow_points(
    engine: Engine, topic: Topic, after: int, framing: Framing, *, idle_seconds: float
) -> AsyncIterator[list[str]]:
    """Yields frames in order until the job has ended; an empty list after `idle_seconds` without a point.

    Live points come from the ring buffer. The log fills gaps: an import, a rewind, a viewer slower than the buffer.
    Raises `StreamInterruptedError`.
    """
    ring, run_id, clock = topic.feed, topic.target.run_id, asyncio.get_running_loop().time
    cursor, sent_at = after, clock()
    while True:
        position, until = ring.end, ring.published_seq
        while cursor < until:
            page, cursor = await run_sync(_read_frames, engine, run_id, cursor, until, framing)
            if page:
                yield page
                sent_at = clock()
        while True:
            is_over = topic.ended is not None
            frames = ring.read(position, framing)
            if frames is None or GAP in frames:
                break
            position, cursor = ring.end, max(cursor, ring.published_seq)
            if frames:
                yield frames
                sent_at = clock()
            elif is_over:
                return
            elif clock() - sent_at >= idle_seconds:
                yield []
                sent_at = clock()
            else:
                await wait_for_messages(topic, ring, max(0.0, sent_at + idle_seconds - clock()))


def read_points(engine: Engine, run_id: str, after: int, until: int, page_size: int) -> tuple[list[str], int]:
    """Returns the next points with `after < seq <= until` as envelopes, and the cursor reached: `until` when none are left.

    Rewound points are dropped. Pages consist of whole batches and may exceed `page_size`.
    """
    points: list[tuple[int, str]] = []
    with engine.connect() as connection:
        rewinds = store.read_rewinds(connection, run_id, after)
        places = [seq for seq, _ in rewinds]
        # For each rewind, the lowest step of this and all later rewinds.
        lowest = list(accumulate((step for _, step in reversed(rewinds)), min))[::-1]
        for batch in store.read_batches(connection, run_id, after):
            if batch.first_record_seq > until:
                break
            for index, step in enumerate(batch.columns.steps):
                seq = batch.seq_of(index)
                if after < seq <= until:
                    later = bisect_right(places, seq)
                    if later == len(places) or step <= lowest[later]:
                        points.append((seq, envelope(seq, "point", point_data(batch.columns, index))))
            if len(points) >= page_size:
                # Packs of several writers may overlap: later batches may hold cursors of this page.
                until = min(until, points[-1][0])
    return [text for seq, text in sorted(points) if seq <= until], until


def _read_frames(engine: Engine, run_id: str, after: int, until: int, framing: Framing) -> tuple[list[str], int]:
    texts, reached = read_points(engine, run_id, after, until, PAGE)
    return framing(texts), reached
