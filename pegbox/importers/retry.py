"""Retries requests to the monitor while it is busy or restarting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from pegbox.errors import PegboxError, UnavailableError
from pegbox.sdk.recording.connection import MonitorConnection, error_for

RETRY_DELAYS_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
"""Long enough for a restart of the monitor on a slow machine."""

Result = TypeVar("Result")


class RetryingConnection:
    """Sends requests that are safe to repeat. Raises the errors of `MonitorConnection`, `UnavailableError` after the last retry."""

    def __init__(self, connection: MonitorConnection) -> None:
        self._connection = connection

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The decoded JSON response."""
        return _retry(lambda: self._connection.call(method, path, body))

    def post(self, path: str, body: bytes) -> None:
        """Sends an encoded body."""
        _retry(lambda: self._post_once(path, body))

    def _post_once(self, path: str, body: bytes) -> None:
        status, content = self._connection.request("POST", path, body)
        if status >= 400:
            raise error_for(status, content, f"POST {path}")


def _retry(attempt: Callable[[], Result]) -> Result:
    for delay in (*RETRY_DELAYS_SECONDS, None):
        try:
            return attempt()
        except PegboxError as error:
            if error.status < 500:
                raise
            if delay is None:
                raise UnavailableError(f"{error.message}. Start the import again: it goes on where it was.") from error
            time.sleep(delay)
    raise AssertionError("the last attempt returns or raises")
