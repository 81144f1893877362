"""The blocking client of the API."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from pegbox.errors import NotFoundError, UnreachableError
from pegbox.sdk.base_client import CONNECT_SECONDS, BaseClient, reason_of, unreachable
from pegbox.sdk.call import Call
from pegbox.sdk.download import download_file
from pegbox.sdk.recording.connection import error_for
from pegbox.sdk.resources.datasets import Datasets
from pegbox.sdk.resources.experiments import Experiments
from pegbox.sdk.resources.jobs import Jobs
from pegbox.sdk.resources.machine import Machine
from pegbox.sdk.resources.models import Models
from pegbox.sdk.resources.runs import Runs
from pegbox.sdk.resources.training import Training
from pegbox.sdk.resources.uploads import Uploads
from pegbox.sdk.resources.workflow import Workflow
from pegbox.sdk.retries import RetrySchedule

T = TypeVar("T")


class Client(BaseClient):
    """Blocking client, e.g. `Client().jobs.list()`. Use it as a context manager or call `close`.

    `base_url` defaults to `PEGBOX_URL`, else port 8000 on this machine; `api_key` to `PEGBOX_TOKEN`, else the token that `pegbox
    login` saved for that address; `monitor_url` to `PEGBOX_MONITOR_URL`, else port 8001 on the backend's host. Every method raises
    an error of `pegbox.errors`: the one for the status of the response, or `UnreachableError` when there is no response. Requests
    that can be repeated safely are retried up to `retries` times while a service is unavailable or limits the rate.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        monitor_url: str | None = None,
        retries: int = 3,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, api_key, monitor_url, retries)
        self._http = httpx2.Client(**self._http_options, transport=transport)
        self.uploads = Uploads(self)
        self.datasets = Datasets(self, self.uploads)
        self.models = Models(self)
        self.experiments = Experiments(self)
        self.jobs = Jobs(self)
        self.runs = Runs(self)
        self.training = Training(self)
        self.workflow = Workflow(self)
        self.machine = Machine(self)
        self.gpus = self.machine.gpus
        self.metrics = self.machine.metrics
        self.health = self.machine.health

    def send(self, call: Call[T]) -> T:
        """Sends a call, with retries, and returns what the call reads from the response."""
        schedule = RetrySchedule(self._retries)
        while True:
            try:
                response = self._send_once(call)
            except httpx2.TransportError as error:
                delay = schedule.after_error(call.method, error)
                if delay is None:
                    raise self._unreachable(call, error) from error
            else:
                if response.status_code < 400:
                    return call.read(response)
                delay = schedule.after_response(call.method, response)
                if delay is None:
                    refusal = self._error_of(call, response)
                    if not isinstance(refusal, NotFoundError) or call.fallback is None:
                        raise refusal
                    return self.send(call.fallback)
            time.sleep(delay)

    def _send_once(self, call: Call[Any]) -> httpx2.Response:
        with ExitStack() as files:
            request = self._http.build_request(**self._request_options(call, files))
            response = self._http.send(request, stream=call.save_to is not None)
            if call.save_to is not None:
                files.callback(response.close)
                if response.status_code >= 400:
                    response.read()
                    return response
                with download_file(response, call.save_to) as file:
                    for chunk in response.iter_bytes():
                        file.write(chunk)
            return response

    @contextmanager
    def events(self, path: str, last_event_id: int) -> Iterator[Iterator[bytes]]:
        """The chunks of an event stream of the backend. Raises `UnreachableError` when the connection breaks."""
        call = Call("GET", path, read=lambda response: response, accept="text/event-stream")
        headers = {"Accept": call.accept, "Last-Event-ID": str(last_event_id)}
        try:
            with self._http.stream("GET", path, headers=headers) as response:
                if response.status_code >= 400:
                    response.read()
                    raise self._error_of(call, response)
                yield response.iter_raw()
        except httpx2.TransportError as error:
            raise self._unreachable(call, error) from error

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: float | None = None,
    ) -> httpx2.Response:
        """Sends one request to the backend, without retries. Raises the error for a status of 400 or more."""
        try:
            response = self._http.request(
                method,
                path,
                json=json,
                params={key: value for key, value in (params or {}).items() if value is not None},
                headers=headers,
                content=content,
                timeout=httpx2.USE_CLIENT_DEFAULT
                if timeout is None
                else httpx2.Timeout(timeout, connect=CONNECT_SECONDS),
            )
        except httpx2.TransportError as error:
            raise unreachable(self.url, error) from error
        if response.status_code >= 400:
            raise error_for(response.status_code, response.content, f"{method} {self.url}{path}")
        return response

    @contextmanager
    def stream(self, method: str, path: str, *, params: Mapping[str, Any] | None = None) -> Iterator[httpx2.Response]:
        """A response whose body is streamed; errors as with `request`."""
        try:
            with self._http.stream(method, path, params=dict(params or {})) as response:
                if response.status_code >= 400:
                    raise error_for(response.status_code, response.read(), f"{method} {self.url}{path}")
                yield response
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self.url} does not answer: {reason_of(error)}") from error

    def get(self, path: str, **params: Any) -> Any:
        """The JSON that a GET request returns."""
        return self.request("GET", path, params=params).json()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
