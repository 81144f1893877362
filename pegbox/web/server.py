"""uvicorn's server, with a pulse of one second."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from types import FrameType

import uvicorn

TICK_SECONDS = 1.0


class QuietServer(uvicorn.Server):
    """Wakes once a second for the date in the headers and at once for a signal.

    The original wakes ten times a second to look whether it should end, which is most of what an idle service costs.
    """

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        gc.freeze()  # what is loaded by now stays for good: later collections need not look at it
        gc.enable()
        self._leave = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._leave.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
