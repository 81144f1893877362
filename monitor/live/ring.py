"""The newest messages of one stream, encoded once. A viewer is a position in it, so a slow one costs nothing but itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable

CAPACITY = 4096


class Ring:
    """Belongs to the event loop. `published_seq` is the cursor up to which records have been put in."""

    def __init__(self, published_seq: int, capacity: int = CAPACITY) -> None:
        self.published_seq = published_seq
        self.viewers = 0
        self._frames: deque[str] = deque(maxlen=capacity)
        self._end = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def end(self) -> int:
        """The position behind the newest message."""
        return self._end

    def publish(self, frames: Iterable[str], seq: int | None = None) -> None:
        """Adds messages; `seq` is the cursor they reach."""
        before = self._end
        for frame in frames:
            self._frames.append(frame)
            self._end += 1
        if seq is not None:
            self.published_seq = max(seq, self.published_seq)
        if self._end > before:
            self.wake()

    def wake(self) -> None:
        """Lets every waiting viewer look again."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def read(self, position: int) -> list[str] | None:
        """Messages from a position on; None when the oldest of them are gone."""
        missing = self._end - position
        if missing > len(self._frames):
            return None
        if not missing:
            return []
        return [self._frames[index] for index in range(len(self._frames) - missing, len(self._frames))]

    async def wait(self, timeout: float | None = None) -> None:
        """Returns when something was published, or `wake` was called, or after `timeout` seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(future, timeout)
        finally:
            self._waiting.discard(future)
