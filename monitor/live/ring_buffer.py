"""The newest messages of one stream, encoded once. Each viewer has its own position, so slow viewers do not delay others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice

from monitor.live.framing import Framing, as_messages

CAPACITY = 4096


class RingBuffer:
    """Not thread-safe: used on the event loop only. `published_seq` is the cursor up to which records are published."""

    def __init__(self, published_seq: int, capacity: int = CAPACITY) -> None:
        self.published_seq = published_seq
        self.viewers = 0
        self._texts: deque[str] = deque(maxlen=capacity)
        self._end = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._frame_cache: dict[Framing, tuple[int, int, list[str]]] = {}

    @property
    def end(self) -> int:
        """The position after the newest message."""
        return self._end

    def publish(self, texts: Iterable[str], seq: int | None = None) -> None:
        """Appends messages and wakes viewers. `seq` is the cursor that the messages reach."""
        before = self._end
        for text in texts:
            self._texts.append(text)
            self._end += 1
        if seq is not None:
            self.published_seq = max(seq, self.published_seq)
        if self._end > before:
            self.wake()

    def wake(self) -> None:
        """Wakes all waiting viewers."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def read(self, position: int, framing: Framing = as_messages) -> list[str] | None:
        """Returns frames of the messages from a position on; None when the oldest of them are overwritten.

        Viewers at the same position share the returned list: do not modify it.
        """
        missing = self._end - position
        if missing > len(self._texts):
            return None
        if not missing:
            return []
        known = self._frame_cache.get(framing)
        if known is not None and known[:2] == (position, self._end):
            return known[2]
        texts = list(islice(reversed(self._texts), missing))
        texts.reverse()
        frames = framing(texts)
        self._frame_cache[framing] = (position, self._end, frames)
        return frames

    async def wait(self, timeout: float | None = None) -> None:
        """Waits for `publish` or `wake`, at most `timeout` seconds."""
        # One future per viewer, since a disconnecting viewer cancels the future it awaits; the next wake removes it.
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if timeout is None:
            await future
        else:
            await asyncio.wait((future,), timeout=timeout)
            future.cancel()
