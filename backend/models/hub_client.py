"""The HTTP client under huggingface_hub, made impatient: a page that waits wants an answer, not six attempts in half a minute."""

from __future__ import annotations

from typing import Any

import httpx2

BUSY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


class HubSilentError(Exception):
    """The hub gave no useful answer. Not one of the errors that the hub library would try again."""


class ImpatientClient(httpx2.Client):
    """One attempt per request, each phase of it under `seconds`. Proxies of the environment stay in force."""

    def __init__(self, seconds: float) -> None:
        super().__init__(follow_redirects=True, timeout=seconds)
        self._phases = httpx2.Timeout(seconds).as_dict()

    def send(self, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
        # The library asks for no timeout at all on some of its calls.
        request.extensions = {**request.extensions, "timeout": self._phases}
        try:
            response = super().send(request, **kwargs)
        except httpx2.TransportError as error:
            raise HubSilentError(str(error) or type(error).__name__) from error
        if response.status_code in BUSY_STATUSES:
            raise HubSilentError(f"HTTP {response.status_code}")
        return response
