"""Carries a stream of the monitor to a reader of the backend, byte for byte and no faster than it is read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit

import httpx2
from fastapi.responses import StreamingResponse
from starlette.datastructures import Headers
from starlette.types import Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from pegbox.errors import UnavailableError
from pegbox.settings import Settings

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""The monitor says something every 15 seconds. Who is silent this long is not there any more."""

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
WAITING_MESSAGES = 16
"""Read ahead for a slow reader; then the monitor has to wait."""

PASSED_ON = ("authorization", "x-hf-authorization", "cookie", "origin", "last-event-id", "accept")
"""Headers that the monitor judges by rules of its own. `Host` goes along: what may be asked here may be asked there."""

AWAY = 1013
"""WebSocket's "try again later"."""

REFUSALS = {401: 4401, 403: 4403}


class RelayedStream(StreamingResponse):
    """Closes the monitor's side when the reader leaves."""

    def __init__(self, upstream: httpx2.Response) -> None:
        kept = ("content-type", "cache-control", "x-accel-buffering")
        headers = {name: upstream.headers[name] for name in kept if name in upstream.headers}
        super().__init__(_pieces(upstream), status_code=upstream.status_code, headers=headers)
        self._upstream = upstream

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            await self._upstream.aclose()


class MonitorRelay:
    """One for the whole service; holds connections only while streams are open."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.internal_monitor_url
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            timeout=httpx2.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
            verify=self.url.startswith("https:"),
        )

    async def open(self, path: str, query: str, headers: Headers) -> RelayedStream:
        """The monitor's answer, an error of its too. Raises `UnavailableError` when there is none."""
        target = f"{path}?{query}" if query else path
        given = {name: headers[name] for name in ("host", *PASSED_ON) if name in headers}
        request = self._http.build_request("GET", target, headers={"accept-encoding": "identity", **given})
        try:
            return RelayedStream(await self._http.send(request, stream=True))
        except httpx2.TransportError as error:
            raise UnavailableError(self._away(error)) from error

    async def carry(self, websocket: WebSocket, path: str, query: str) -> None:
        """Accepts the reader's socket, sends it what the monitor sends, and closes it with the monitor's close code."""
        await websocket.accept()
        try:
            upstream = await self._connect(websocket.headers, f"{path}?{query}" if query else path)
        except InvalidStatus as error:
            status = error.response.status_code
            await websocket.close(REFUSALS.get(status, AWAY), f"The monitor answered {status}")
        except (OSError, TimeoutError, InvalidHandshake) as error:
            await websocket.close(AWAY, self._away(error)[:120])
        else:
            async with upstream:
                await _pump(upstream, websocket)

    async def close(self) -> None:
        await self._http.aclose()

    async def _connect(self, headers: Headers, target: str) -> ClientConnection:
        address = urlsplit(self.url)
        is_secure = address.scheme == "https"
        host = headers.get("host", address.netloc)
        tls: dict[str, Any] = {"server_hostname": address.hostname} if is_secure else {}
        # The connection goes to the monitor's address, the Host header is the one that the reader used.
        return await connect(
            f"{'wss' if is_secure else 'ws'}://{host}{address.path}{target}",
            host=address.hostname,
            port=address.port or (443 if is_secure else 80),
            additional_headers={name: headers[name] for name in PASSED_ON if name in headers and name != "origin"},
            origin=headers.get("origin"),  # type: ignore[arg-type]
            proxy=None,
            compression=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=1,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=WAITING_MESSAGES,
            **tls,
        )

    def _away(self, error: Exception) -> str:
        reason = str(error) or type(error).__name__
        return f"The monitor at {self.url} does not answer, and streams come from it: {reason}. Try again later"


async def _pieces(upstream: httpx2.Response) -> AsyncGenerator[bytes, None]:
    # A stream that breaks off ends here without its last event: the reader connects again and resumes.
    with contextlib.suppress(httpx2.TransportError, httpx2.StreamError):
        async for piece in upstream.aiter_raw():
            yield piece


async def _pump(upstream: ClientConnection, websocket: WebSocket) -> None:
    """Until either side is gone. What the reader says is not passed on: the monitor does not listen either."""

    async def send() -> tuple[int, str]:
        try:
            async for message in upstream:
                await websocket.send({"type": "websocket.send", "text": message})
        except ConnectionClosed:
            pass
        code = upstream.close_code
        if code in (None, 1006, 1012):
            return AWAY, "The monitor went away; connect again"
        return code, upstream.close_reason or ""

    async def listen() -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    sender, listener = asyncio.create_task(send()), asyncio.create_task(listen())
    try:
        await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
        if sender.done() and not listener.done():
            code, reason = sender.result()
            await websocket.close(code, reason)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the reader left while something was on its way
    finally:
        for task in (sender, listener):
            task.cancel()
        await asyncio.gather(sender, listener, return_exceptions=True)
