"""What the blocking and the async client share: addresses, the token, requests built from calls, and errors."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import httpx2

from pegbox.errors import PegboxError, TooManyRequestsError, UnreachableError
from pegbox.sdk.call import Call
from pegbox.sdk.credentials import token_for
from pegbox.sdk.environment import backend_url, monitor_url_for
from pegbox.sdk.recording.connection import error_for
from pegbox.sdk.retries import retry_after

CONNECT_SECONDS = 5.0
RESPONSE_SECONDS = 60.0


class BaseClient:
    """Base of `Client` and `AsyncClient`, which send the requests."""

    def __init__(self, base_url: str | None, api_key: str | None, monitor_url: str | None, retries: int) -> None:
        self._backend_url = backend_url(base_url)
        monitor = monitor_url or os.environ.get("PEGBOX_MONITOR_URL") or monitor_url_for(self._backend_url)
        self._monitor_url = monitor.rstrip("/")
        self._api_key = api_key if api_key is not None else token_for(self._backend_url)
        self._retries = retries

    @property
    def url(self) -> str:
        """The backend's address, without a slash at the end."""
        return self._backend_url

    @property
    def monitor_url(self) -> str:
        """The monitor's address, without a slash at the end."""
        return self._monitor_url

    @property
    def _http_options(self) -> dict[str, Any]:
        """Arguments of an `httpx2` client."""
        authorization = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        return {
            "base_url": self._backend_url,
            "headers": {"Accept": "application/json", **authorization},
            "timeout": _timeout(RESPONSE_SECONDS),
            # Proxy settings of the environment are not meant for the services.
            "trust_env": False,
            # Loading the certificate store takes 60 ms, which plain HTTP does not need.
            "verify": any(url.startswith("https:") for url in (self._backend_url, self._monitor_url)),
        }

    def _service_url(self, call: Call[Any]) -> str:
        return self._monitor_url if call.at_monitor else self._backend_url

    def _request_options(self, call: Call[Any], files: ExitStack) -> dict[str, Any]:
        """Arguments of `build_request`. The file to upload, if any, is closed with `files`."""
        upload = None
        if call.upload is not None:
            upload = {"file": (call.upload.name, files.enter_context(call.upload.open("rb")))}
        return {
            "method": call.method,
            "url": f"{self._service_url(call)}{call.path}",
            "params": call.query,
            "json": call.body,
            "data": call.form,
            "files": upload,
            "headers": {"Accept": call.accept},
            "timeout": _timeout(call.timeout_seconds or RESPONSE_SECONDS),
        }

    def _unreachable(self, call: Call[Any], error: Exception) -> UnreachableError:
        return unreachable(self._service_url(call), error)

    def _error_of(self, call: Call[Any], response: httpx2.Response) -> PegboxError:
        """The error for a response with a status of 400 or more, whose body has been read."""
        url = f"{self._service_url(call)}{call.path}"
        error = error_for(response.status_code, response.content, f"{call.method} {url}")
        if isinstance(error, TooManyRequestsError):
            error.retry_after_seconds = retry_after(response) or error.retry_after_seconds
        return error


def _timeout(seconds: float) -> httpx2.Timeout:
    return httpx2.Timeout(seconds, connect=CONNECT_SECONDS)


def unreachable(url: str, error: Exception) -> UnreachableError:
    """The error for a request that got no response."""
    return UnreachableError(f"{url} does not answer: {reason_of(error)}. Is `pegbox up` running?")


def reason_of(error: Exception) -> str:
    """The error's message; the name of its class when the message is empty."""
    return str(error) or type(error).__name__
