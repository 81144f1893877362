"""A persistent HTTP connection to the monitor. Standard library only, to keep the import fast."""

from __future__ import annotations

import contextlib
import http.client
import json
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from pegbox.errors import BY_STATUS, PegboxError, UnreachableError

CONNECT_SECONDS = 5.0
RESPONSE_SECONDS = 30.0
BLOCK_BYTES = 256 * 1024
"""Size of the blocks in which files are sent."""


class MonitorConnection:
    """Sends one request at a time and reconnects as needed. Not thread-safe."""

    def __init__(self, url: str, token: str | None = None, *, response_seconds: float = RESPONSE_SECONDS) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http address: {url!r}")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._response_seconds = response_seconds
        self._connection: http.client.HTTPConnection | None = None

    def request(
        self, method: str, path: str, body: bytes | BinaryIO | None = None, size_bytes: int | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the response. A file body needs `size_bytes`. Raises `UnreachableError` without a response.

        A request on a connection that the server has closed is repeated once, so requests must be safe to repeat.
        """
        reused = self._connection is not None
        try:
            return self._send(method, path, body, size_bytes)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not reused or isinstance(error, TimeoutError):
                raise UnreachableError(f"{self.url} does not answer: {_reason(error)}") from error
        try:
            return self._send(method, path, body, size_bytes)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnreachableError(f"{self.url} does not answer: {_reason(error)}") from error

    def _send(self, method: str, path: str, body: bytes | BinaryIO | None, size_bytes: int | None) -> tuple[int, bytes]:
        connection = self._connection
        if connection is None:
            connection = self._class(self._host, self._port, timeout=CONNECT_SECONDS, blocksize=BLOCK_BYTES)
            connection.connect()
            connection.sock.settimeout(self._response_seconds)
            self._connection = connection
        headers = self._headers
        if size_bytes is not None and not isinstance(body, bytes | None):
            body.seek(0)
            headers = {**headers, "Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)}
        connection.request(method, self._prefix + path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        if response.will_close:
            self.close()
        return response.status, content

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The decoded JSON response. Raises the `PegboxError` for a status of 400 or more."""
        status, content = self.request(method, path, None if body is None else encode_json(body))
        if status >= 400:
            raise error_for(status, content, f"{method} {self.url}{path}")
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise UnreachableError(
                f"{self.url} answered something that is not JSON: is it a Pegbox monitor?"
            ) from error

    def close(self) -> None:
        """Closes the socket; the next request opens a new connection."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None


def encode_json(body: dict[str, Any]) -> bytes:
    """Compact JSON; values of other types become text."""
    return json.dumps(body, separators=(",", ":"), default=str).encode()


def error_for(status: int, content: bytes, request: str) -> PegboxError:
    """The domain error for an error response, with the service's message. `request` describes the request if there is none."""
    try:
        detail = json.loads(content)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"{request} answered {status}"
    error_class = BY_STATUS.get(status, PegboxError)
    return error_class(str(detail))


def _reason(error: Exception) -> str:
    text = str(error)
    return text or type(error).__name__
