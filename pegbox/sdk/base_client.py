"""What the blocking and the async client have in common: addresses, headers, requests, errors."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import httpx2

from pegbox.errors import PegboxError, TooManyRequestsError, UnreachableError
from pegbox.sdk.call import Call
from pegbox.sdk.credentials import token_for
from pegbox.sdk.recording.connection import error_for
from pegbox.sdk.recording.current import monitor_beside
from pegbox.sdk.retries import retry_after

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0


class Address:
    """Where the two services are, and how one gets in."""

    def __init__(self, base_url: str | None, api_key: str | None, monitor_url: str | None) -> None:
        self.backend = (base_url or os.environ.get("PEGBOX_URL") or DEFAULT_URL).rstrip("/")
        self.monitor = (monitor_url or os.environ.get("PEGBOX_MONITOR_URL") or monitor_beside(self.backend)).rstrip("/")
        self.api_key = api_key if api_key is not None else token_for(self.backend)

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of an `httpx2` client."""
        access = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {
            "base_url": self.backend,
            "headers": {"Accept": "application/json", **access},
            "timeout": httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            # A proxy of the environment has no business between the processes of one product.
            "trust_env": False,
            # Loading the certificate store costs 60 ms, which plain HTTP on this machine need not pay.
            "verify": any(url.startswith("https:") for url in (self.backend, self.monitor)),
        }

    def url_of(self, call: Call[Any]) -> str:
        return f"{self.monitor if call.at_monitor else self.backend}{call.path}"

    def request_of(self, call: Call[Any], files: ExitStack) -> dict[str, Any]:
        """Arguments of `build_request`. A file to upload is open for as long as `files` is."""
        upload = None
        if call.upload is not None:
            upload = {"file": (call.upload.name, files.enter_context(call.upload.open("rb")))}
        return {
            "method": call.method,
            "url": self.url_of(call),
            "params": call.given_params,
            "json": call.body,
            "data": call.form,
            "files": upload,
            "headers": {"Accept": call.accept},
            "timeout": httpx2.Timeout(call.seconds or ANSWER_SECONDS, connect=CONNECT_SECONDS),
        }

    def unreachable(self, call: Call[Any], error: Exception) -> UnreachableError:
        base = self.monitor if call.at_monitor else self.backend
        return UnreachableError(f"{base} does not answer: {reason_of(error)}. Is `pegbox up` running?")

    def refusal(self, call: Call[Any], response: httpx2.Response) -> PegboxError:
        """The error that an answer with a status of 400 or more stands for; its body has been read."""
        error = error_for(response.status_code, response.content, f"{call.method} {self.url_of(call)}")
        if isinstance(error, TooManyRequestsError):
            error.retry_after_seconds = retry_after(response) or error.retry_after_seconds
        return error


def reason_of(error: Exception) -> str:
    return str(error) or type(error).__name__
