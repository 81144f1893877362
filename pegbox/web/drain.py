"""Drains the body of a refused upload: a client that is still sending would see a broken connection instead of the response."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

DRAIN_BYTES = 2 * 1024**3
DRAIN_SECONDS = 30.0


async def drain(request: Request) -> None:
    """Reads and discards the rest of the body, at most `DRAIN_BYTES` and for at most `DRAIN_SECONDS`."""
    received = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in request.stream():
                received += len(chunk)
                if received > DRAIN_BYTES:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):
        return
