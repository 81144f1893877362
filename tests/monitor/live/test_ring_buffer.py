"""The ring buffer shares frames between viewers and isolates slow viewers."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from monitor.live.envelopes import envelope
from monitor.live.framing import WithRunId, as_array, as_messages, as_server_events
from monitor.live.ring_buffer import RingBuffer


def messages(first: int, last: int) -> list[str]:
    return [envelope(seq, "point", {"step": seq}) for seq in range(first, last + 1)]


def test_viewers_of_a_position_share_one_list() -> None:
    ring = RingBuffer(0)
    ring.publish(messages(1, 3), 3)
    for framing in (as_messages, as_array, as_server_events):
        assert ring.read(0, framing) is ring.read(0, framing)
    assert ring.read(0, WithRunId("a")) is ring.read(0, WithRunId("a"))
    assert ring.read(1) == messages(2, 3)
    assert ring.read(3) == []


def test_every_form_carries_the_same_envelopes() -> None:
    texts = messages(1, 2)
    envelopes = [json.loads(text) for text in texts]
    assert json.loads(as_array(texts)[0]) == envelopes
    assert [json.loads(text) for text in WithRunId('a"b')(texts)] == [{"run": 'a"b', **each} for each in envelopes]
    assert as_server_events(texts) == [
        f"id: 1\nevent: point\ndata: {texts[0]}\n\nid: 2\nevent: point\ndata: {texts[1]}\n\n"
    ]
    assert as_array([]) == as_server_events([]) == WithRunId("a")([]) == []


def test_a_slow_viewer_is_told_that_it_missed_something() -> None:
    ring = RingBuffer(0, capacity=4)
    ring.publish(messages(1, 6), 6)
    assert ring.read(1) is None
    assert ring.read(2) == messages(3, 6)


def test_a_viewer_that_leaves_takes_nobody_along() -> None:
    async def scenario() -> None:
        ring = RingBuffer(0)
        leaving, staying = (asyncio.create_task(ring.wait()) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        ring.publish(messages(1, 1), 1)
        await staying
        assert leaving.cancelled()
        await ring.wait(0)  # no message: returns at the timeout

    with ThreadPoolExecutor(1) as pool:  # a browser test may have left an event loop in this thread
        pool.submit(asyncio.run, scenario()).result()
