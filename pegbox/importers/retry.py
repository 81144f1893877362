"""Requests to the monitor that are repeated while it is busy or being restarted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from pegbox.errors import PegboxError, UnavailableError
from pegbox.sdk.recording.connection import MonitorConnection, error_for

RETRIES_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
"""Pauses before a request is sent again: enough for a monitor to be started anew on a slow machine."""

Answer = TypeVar("Answer")


class PatientConnection:
    """Sends what may arrive twice. Raises what `MonitorConnection` raises; `UnavailableError` when patience is at its end."""

    def __init__(self, connection: MonitorConnection) -> None:
        self._connection = connection

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The decoded JSON answer."""
        return _insist(lambda: self._connection.call(method, path, body))

    def post(self, path: str, body: bytes) -> None:
        """Delivers an encoded body."""
        _insist(lambda: self._deliver(path, body))

    def _deliver(self, path: str, body: bytes) -> None:
        status, content = self._connection.request("POST", path, body)
        if status >= 400:
            raise error_for(status, content, f"POST {path}")


def _insist(attempt: Callable[[], Answer]) -> Answer:
    for pause in (*RETRIES_SECONDS, None):
        try:
            return attempt()
        except PegboxError as error:
            if error.status < 500:
                raise
            if pause is None:
                raise UnavailableError(f"{error.message}. Start the import again: it goes on where it was.") from error
            time.sleep(pause)
    raise AssertionError("the last attempt answers or raises")
