"""Fans commits and samples out to the runs that somebody watches. Belongs to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec
from sqlalchemy import Engine

from monitor.live.ring_buffer import RingBuffer
from monitor.live.snapshot import StreamTarget
from monitor.live.topic import Topic
from monitor.live.training_messages import TrainingMessages
from monitor.metrics.log.store import LoggedBatch
from monitor.metrics.series.history_cache import HistoryCache
from monitor.resources.sampler import MachineSample
from monitor.resources.views import resource_record

Stream = Literal["feed", "training"]


class Hub:
    """`last_seq` is the newest cursor the hub has been told of."""

    def __init__(self, engine: Engine, histories: HistoryCache, messages: TrainingMessages, last_seq: int) -> None:
        self.last_seq = last_seq
        self.messages = messages
        self._engine = engine
        self._histories = histories
        self._topics: dict[str, Topic] = {}

    def committed(self, batches: list[LoggedBatch]) -> None:
        """A commit, in log order."""
        self.last_seq = batches[-1].last_seq
        for batch in batches:
            topic = self._topics.get(batch.run_id)
            if topic is not None:
                topic.push(batch)

    def sampled(self, sample: MachineSample) -> None:
        """A new reading of the machine."""
        watched = [topic for topic in self._topics.values() if topic.feed.viewers]
        if not watched:
            return
        data = msgspec.json.encode(resource_record(sample, 0).model_dump(mode="json", exclude={"iteration"})).decode()
        for topic in watched:
            topic.feed.publish([f'{{"seq":{topic.feed.published_seq},"kind":"resource","data":{data}}}'])

    def count_viewers(self) -> dict[Stream, int]:
        """Those who watch a run at this moment, by the stream they read. May be called from any thread."""
        topics = self._topics.copy().values()
        return {
            "feed": sum(topic.feed.viewers for topic in topics),
            "training": sum(topic.training.viewers for topic in topics),
        }

    @asynccontextmanager
    async def watching(self, target: StreamTarget, stream: Stream) -> AsyncIterator[tuple[Topic, RingBuffer]]:
        """The topic of a run with one viewer more, for as long as the block lasts."""
        topic = self._topics.get(target.run_id)
        if topic is None or topic.ended is not None or topic.is_broken:
            topic = Topic(target, self._engine, self._histories, self.messages, lambda: self.last_seq)
            self._topics[target.run_id] = topic
        ring = topic.feed if stream == "feed" else topic.training
        topic.add_viewer(ring)
        try:
            if topic.snapshot is None:
                await topic.refresh()
            if topic.task is None:
                topic.task = asyncio.create_task(topic.run(), name=f"topic-{target.run_id}")
            yield topic, ring
        finally:
            topic.remove_viewer(ring)
            if not topic.has_viewers and self._topics.get(target.run_id) is topic:
                del self._topics[target.run_id]

    async def close(self) -> None:
        """Ends all topics; their viewers see the streams break off and may resume elsewhere."""
        tasks = [topic.task for topic in self._topics.values() if topic.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
