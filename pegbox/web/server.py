"""uvicorn's server with a tick of one second instead of a tenth."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from types import FrameType

import uvicorn

TICK_SECONDS = 1.0


class Server(uvicorn.Server):
    """Wakes once a second to update the `Date` header, and immediately on a signal.

    uvicorn polls for its end ten times a second, which is most of the CPU time of an idle service.
    """

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        gc.freeze()  # the objects loaded so far live as long as the process: exclude them from later collections
        gc.enable()
        self._exit_event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._exit_event.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._exit_event.set)
