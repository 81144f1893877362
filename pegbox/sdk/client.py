"""The client of a Pegbox for programs that block: datasets, uploads, models, experiments, jobs, runs and the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from pegbox.errors import NotFoundError, UnreachableError
from pegbox.sdk.base_client import CONNECT_SECONDS, Address, reason_of
from pegbox.sdk.call import Call
from pegbox.sdk.download import whole_file
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
from pegbox.sdk.retries import Attempts

T = TypeVar("T")


class Client:
    """`Client().jobs.list()`; use it as a context manager or call `close`.

    `base_url` defaults to `PEGBOX_URL`, else this machine's port 8000; `api_key` to `PEGBOX_TOKEN`, else what `pegbox login` keeps
    for that address; `monitor_url` to `PEGBOX_MONITOR_URL`, else port 8001 beside the backend. Every call raises an error of
    `pegbox.errors`: the one that the answer's status stands for, or `UnreachableError` when there is no answer. A call that may be
    repeated is tried up to `retries` times more while a service is away or asks to be asked later.
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
        self._address = Address(base_url, api_key, monitor_url)
        self._retries = retries
        self._http = httpx2.Client(**self._address.options, transport=transport)
        self.uploads = Uploads(self)
        self.datasets = Datasets(self)
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

    @property
    def url(self) -> str:
        """The backend's address."""
        return self._address.backend

    def send(self, call: Call[T]) -> T:
        """Makes the call, again where that is allowed; its answer as the call reads it."""
        attempts = Attempts(self._retries)
        while True:
            try:
                response = self._exchange(call)
            except httpx2.TransportError as error:
                pause = attempts.after_failure(call.method, error)
                if pause is None:
                    raise self._address.unreachable(call, error) from error
            else:
                pause = attempts.after_answer(call.method, response)
                if response.status_code < 400:
                    return call.read(response)
                if pause is None:
                    refusal = self._address.refusal(call, response)
                    if not isinstance(refusal, NotFoundError) or call.otherwise is None:
                        raise refusal
                    return self.send(call.otherwise)
            time.sleep(pause)

    def _exchange(self, call: Call[Any]) -> httpx2.Response:
        with ExitStack() as files:
            request = self._http.build_request(**self._address.request_of(call, files))
            response = self._http.send(request, stream=call.save_to is not None)
            if call.save_to is not None:
                files.callback(response.close)
                if response.status_code >= 400:
                    response.read()
                    return response
                with whole_file(response, call.save_to) as file:
                    for piece in response.iter_bytes():
                        file.write(piece)
            return response

    @contextmanager
    def events(self, path: str, last_event_id: int) -> Iterator[Iterator[bytes]]:
        """The body of a stream of events of the backend, piece by piece. Raises `UnreachableError` when it breaks off."""
        call = Call("GET", path, read=lambda response: response, accept="text/event-stream")
        headers = {"Accept": call.accept, "Last-Event-ID": str(last_event_id)}
        try:
            with self._http.stream("GET", self._address.url_of(call), headers=headers) as response:
                if response.status_code >= 400:
                    response.read()
                    raise self._address.refusal(call, response)
                yield response.iter_raw()
        except httpx2.TransportError as error:
            raise self._address.unreachable(call, error) from error

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
        """One request of any kind, tried once; the answer when its status is below 400, else the error that it stands for."""
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
            raise UnreachableError(
                f"{self.url} does not answer: {reason_of(error)}. Is `pegbox up` running?"
            ) from error
        if response.status_code >= 400:
            raise error_for(response.status_code, response.content, f"{method} {self.url}{path}")
        return response

    @contextmanager
    def stream(self, method: str, path: str, *, params: Mapping[str, Any] | None = None) -> Iterator[httpx2.Response]:
        """An answer whose body is read piece by piece; errors as with `request`."""
        try:
            with self._http.stream(method, path, params=dict(params or {})) as response:
                if response.status_code >= 400:
                    raise error_for(response.status_code, response.read(), f"{method} {self.url}{path}")
                yield response
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self.url} does not answer: {reason_of(error)}") from error

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET."""
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
