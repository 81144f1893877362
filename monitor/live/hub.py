"""Broadcasts commits and resource samples to the topics of watched runs. Not thread-safe: used on the event loop only."""

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
    """Holds one topic per watched run. `last_seq` is the cursor of the newest commit."""

    def __init__(self, engine: Engine, histories: HistoryCache, messages: TrainingMessages, last_seq: int) -> None:
        self.last_seq = last_seq
        self.messages = messages
        self._engine = engine
        self._histories = histories
        self._topics: dict[str, Topic] = {}

    def committed(self, batches: list[LoggedBatch]) -> None:
        """Publishes the batches of a commit. Called in log order."""
        self.last_seq = batches[-1].last_seq
        for batch in batches:
            topic = self._topics.get(batch.run_id)
            if topic is not None:
                topic.push(batch)

    def sampled(self, sample: MachineSample) -> None:
        """Publishes a resource sample to all watched feeds."""
        watched = [topic for topic in self._topics.values() if topic.feed.viewers]
        if not watched:
            return
        data = msgspec.json.encode(resource_record(sample, 0).model_dump(mode="json", exclude={"iteration"})).decode()
        for topic in watched:
            topic.feed.publish([f'{{"seq":{topic.feed.published_seq},"kind":"resource","data":{data}}}'])

    def count_viewers(self) -> dict[Stream, int]:
        """Returns the number of current viewers per stream. Thread-safe."""
        topics = self._topics.copy().values()
        return {
            "feed": sum(topic.feed.viewers for topic in topics),
            "training": sum(topic.training.viewers for topic in topics),
        }

    @asynccontextmanager
    async def watching(self, target: StreamTarget, stream: Stream) -> AsyncIterator[tuple[Topic, RingBuffer]]:
        """Counts a viewer of the run while the block lasts. Yields the topic and the ring buffer of the stream."""
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
        """Cancels all topics. Viewers see interrupted streams and may reconnect."""
        tasks = [topic.task for topic in self._topics.values() if topic.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
