"""The HTTP client for huggingface_hub, without its retries: pages need an answer within seconds."""

from __future__ import annotations

from typing import Any

import httpx2

BUSY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


class HubUnavailableError(Exception):
    """The hub did not answer. Not an error type that huggingface_hub retries."""


class SingleAttemptClient(httpx2.Client):
    """One attempt per request, with a timeout of `seconds` per phase. Uses the proxies of the environment."""

    def __init__(self, seconds: float) -> None:
        super().__init__(follow_redirects=True, timeout=seconds)
        self._phases = httpx2.Timeout(seconds).as_dict()

    def send(self, request: httpx2.Request, **kwargs: Any) -> httpx2.Response:
        # huggingface_hub disables the timeout of some calls.
        request.extensions = {**request.extensions, "timeout": self._phases}
        try:
            response = super().send(request, **kwargs)
        except httpx2.TransportError as error:
            raise HubUnavailableError(str(error) or type(error).__name__) from error
        if response.status_code in BUSY_STATUSES:
            raise HubUnavailableError(f"HTTP {response.status_code}")
        return response
