"""Forwards streams of the monitor to clients of the backend, unchanged and with backpressure."""

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
READ_TIMEOUT_SECONDS = 60.0
"""The monitor sends a message at least every 15 seconds; a longer silence means that the connection is lost."""

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_QUEUED_MESSAGES = 16
"""Messages buffered for a slow client before the monitor is slowed down."""

FORWARDED_HEADERS = ("authorization", "x-hf-authorization", "cookie", "origin", "last-event-id", "accept")
"""Headers that the monitor evaluates itself. `Host` is forwarded too, because both services accept the same hosts."""

TRY_AGAIN_LATER = 1013
"""WebSocket close code "Try Again Later"."""

CLOSE_CODES = {401: 4401, 403: 4403}


class RelayedStream(StreamingResponse):
    """A response that closes the connection to the monitor when the client disconnects."""

    def __init__(self, upstream: httpx2.Response) -> None:
        kept = ("content-type", "cache-control", "x-accel-buffering")
        headers = {name: upstream.headers[name] for name in kept if name in upstream.headers}
        super().__init__(_chunks(upstream), status_code=upstream.status_code, headers=headers)
        self._upstream = upstream

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            await self._upstream.aclose()


class MonitorRelay:
    """Opens connections to the monitor, one for each open stream. The application has one relay."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.internal_monitor_url
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            timeout=httpx2.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=False,
            verify=self.url.startswith("https:"),
        )

    async def open(self, path: str, query: str, headers: Headers) -> RelayedStream:
        """The response of the monitor, including error responses. Raises `UnavailableError` if the monitor does not respond."""
        target = f"{path}?{query}" if query else path
        forwarded = {name: headers[name] for name in ("host", *FORWARDED_HEADERS) if name in headers}
        request = self._http.build_request("GET", target, headers={"accept-encoding": "identity", **forwarded})
        try:
            return RelayedStream(await self._http.send(request, stream=True))
        except httpx2.TransportError as error:
            raise UnavailableError(self._unavailable_message(error)) from error

    async def forward(self, websocket: WebSocket, path: str, query: str) -> None:
        """Accepts the client's WebSocket, forwards the messages of the monitor, and closes with the close code of the monitor."""
        await websocket.accept()
        try:
            upstream = await self._connect(websocket.headers, f"{path}?{query}" if query else path)
        except InvalidStatus as error:
            status = error.response.status_code
            await websocket.close(CLOSE_CODES.get(status, TRY_AGAIN_LATER), f"The monitor answered {status}")
        except (OSError, TimeoutError, InvalidHandshake) as error:
            await websocket.close(TRY_AGAIN_LATER, self._unavailable_message(error)[:120])
        else:
            async with upstream:
                await _forward_messages(upstream, websocket)

    async def close(self) -> None:
        await self._http.aclose()

    async def _connect(self, headers: Headers, target: str) -> ClientConnection:
        address = urlsplit(self.url)
        is_secure = address.scheme == "https"
        host = headers.get("host", address.netloc)
        tls: dict[str, Any] = {"server_hostname": address.hostname} if is_secure else {}
        # Connects to the address of the monitor with the Host header of the client.
        return await connect(
            f"{'wss' if is_secure else 'ws'}://{host}{address.path}{target}",
            host=address.hostname,
            port=address.port or (443 if is_secure else 80),
            additional_headers={
                name: headers[name] for name in FORWARDED_HEADERS if name in headers and name != "origin"
            },
            origin=headers.get("origin"),  # type: ignore[arg-type]
            proxy=None,
            compression=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=1,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=MAX_QUEUED_MESSAGES,
            **tls,
        )

    def _unavailable_message(self, error: Exception) -> str:
        reason = str(error) or type(error).__name__
        return f"The monitor at {self.url} does not answer, and streams come from it: {reason}. Try again later"


async def _chunks(upstream: httpx2.Response) -> AsyncGenerator[bytes, None]:
    # A broken stream ends without its `end` event, so the client reconnects and resumes.
    with contextlib.suppress(httpx2.TransportError, httpx2.StreamError):
        async for chunk in upstream.aiter_raw():
            yield chunk


async def _forward_messages(upstream: ClientConnection, websocket: WebSocket) -> None:
    """Forwards messages until either side disconnects. Messages of the client are discarded: the monitor ignores them."""

    async def send() -> tuple[int, str]:
        try:
            async for message in upstream:
                await websocket.send({"type": "websocket.send", "text": message})
        except ConnectionClosed:
            pass
        code = upstream.close_code
        if code in (None, 1006, 1012):
            return TRY_AGAIN_LATER, "The monitor went away; connect again"
        return code, upstream.close_reason or ""

    async def discard() -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    sender, receiver = asyncio.create_task(send()), asyncio.create_task(discard())
    try:
        await asyncio.wait((sender, receiver), return_when=asyncio.FIRST_COMPLETED)
        if sender.done() and not receiver.done():
            code, reason = sender.result()
            await websocket.close(code, reason)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the client disconnected during a send
    finally:
        for task in (sender, receiver):
            task.cancel()
        await asyncio.gather(sender, receiver, return_exceptions=True)
