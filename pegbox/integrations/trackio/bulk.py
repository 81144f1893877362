"""Sends many entries per call to Trackio's own server, to Pegbox's monitor or to a Space."""

from __future__ import annotations

from typing import Any

import httpx2

from pegbox.errors import UnreachableError
from pegbox.integrations.trackio.address import resolve, split_token
from pegbox.integrations.trackio.entries import Entries
from pegbox.integrations.trackio.server import TrackioServer
from pegbox.integrations.trackio.space import Space

PROBE_SECONDS = 15.0


class BulkTarget:
    """`to` is a Space id (`owner/name`) or an address, also with `?write_token=`; `hf_token` is for private Spaces.

    Raises `ValueError` for other text. Methods raise `UnreachableError` (retry later), `AuthenticationError`,
    `UnusableContentError`.
    """

    def __init__(self, to: str, hf_token: str | None = None) -> None:
        space, write_token = split_token(to)
        is_address = space.startswith(("http://", "https://"))
        self.token = write_token or (None if is_address else hf_token)
        self.url = resolve(space, self.token)
        self._hub_token = None if is_address else hf_token
        self._transport: TrackioServer | Space | None = None

    def send(self, entries: Entries) -> None:
        """Sends the entries. Returns when the target has accepted all of them."""
        transport = self._connect()
        for name, parameter, found in (
            ("bulk_log", "logs", entries.logs),
            ("bulk_log_system", "logs", entries.system_logs),
            ("bulk_alert", "alerts", entries.alerts),
        ):
            if found and isinstance(transport, TrackioServer):
                transport.call_function(name, **{parameter: found}, hf_token=self._hub_token)
            elif found:
                transport.call(name, found, self._hub_token)

    def close(self) -> None:
        """Closes connections; the next call reconnects."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _connect(self) -> TrackioServer | Space:
        if self._transport is None:
            speaks_http = _version(self.url, self.token).get("api_version") == 1
            self._transport = TrackioServer(self.url, self.token) if speaks_http else Space(self.url, self.token)
        return self._transport


def _version(url: str, token: str | None) -> dict[str, Any]:
    """The server's version information; empty for a Gradio app, which has none."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx2.get(f"{url}/version", headers=headers, timeout=PROBE_SECONDS, follow_redirects=True)
        if answer.status_code >= 500:
            raise UnreachableError(f"{url} answered {answer.status_code}. Is it running?")
        found = answer.json() if answer.is_success and "json" in answer.headers.get("content-type", "") else {}
    except (httpx2.HTTPError, ValueError) as error:
        raise UnreachableError(f"{url} does not answer: {error}. Is it running?") from error
    return found if isinstance(found, dict) else {}
