"""Viewers of one run in a process of their own: `python live_viewers.py ADDRESS COUNT [--deflate]`.

Prints `ready` when all are connected. When its input ends it prints, as JSON, for each point that reached all viewers the seconds
from `log()` to each of them, in the order of arrival. A point carries the time of its `log()` as the metric `sent`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop
from websockets.asyncio.client import connect


async def main(address: str, count: int, compression: str | None) -> None:
    arrivals: dict[bytes, list[float]] = {}

    async def watch(ready: asyncio.Event) -> None:
        # A viewer that unpacks frames shares the two cores with the monitor, so nothing is decoded while it measures.
        async with connect(address, compression=compression, max_queue=None, ping_interval=None) as socket:
            await socket.recv(decode=False)
            ready.set()
            while True:
                text = await socket.recv(decode=False)
                arrivals.setdefault(text, []).append(time.time())

    viewers = []
    for _ in range(count):  # one after the other: a crowd that arrives at once is another benchmark
        ready = asyncio.Event()
        viewers.append(asyncio.create_task(watch(ready)))
        waiter = asyncio.create_task(ready.wait())
        await asyncio.wait((viewers[-1], waiter), timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if not ready.is_set():
            raise SystemExit("a viewer could not connect")
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for viewer in viewers:
        viewer.cancel()
    await asyncio.gather(*viewers, return_exceptions=True)
    points = []
    for text, times in arrivals.items():
        message = json.loads(text)
        for envelope in message if isinstance(message, list) else [message]:
            if envelope["kind"] == "point" and len(times) == count:
                sent = envelope["data"]["values"]["sent"]
                points.append([moment - sent for moment in times])
    print(json.dumps(points))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), "deflate" if "--deflate" in sys.argv else None))
