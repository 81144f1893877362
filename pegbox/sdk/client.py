"""The REST client of the backend: datasets, uploads, models, experiments and jobs of one Pegbox."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx2

from pegbox.errors import UnreachableError
from pegbox.sdk.datasets import Datasets
from pegbox.sdk.experiments import Experiments
from pegbox.sdk.jobs import Jobs
from pegbox.sdk.models import Models
from pegbox.sdk.transport import error_for
from pegbox.sdk.uploads import Uploads

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0


class Client:
    """`Client().jobs.list()`; use it as a context manager or call `close`.

    `url` defaults to `PEGBOX_URL`, else this machine's port 8000; `token` to `PEGBOX_TOKEN`. Every call raises an error of
    `pegbox.errors`: the one that the answer's status stands for, or `UnreachableError` when there is no answer.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self.url = (url or os.environ.get("PEGBOX_URL") or DEFAULT_URL).rstrip("/")
        token = token if token is not None else os.environ.get("PEGBOX_TOKEN")
        self._http = httpx2.Client(
            base_url=self.url,
            headers={"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
            # A proxy of the environment has no business between the processes of one product.
            trust_env=False,
            # Loading the certificate store costs 60 ms, which plain HTTP on this machine need not pay.
            verify=self.url.startswith("https:"),
        )
        self.datasets = Datasets(self)
        self.uploads = Uploads(self)
        self.models = Models(self)
        self.experiments = Experiments(self)
        self.jobs = Jobs(self)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        files: Any = None,
        data: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> httpx2.Response:
        """One request; the answer when its status is below 400, else the error that it stands for."""
        try:
            response = self._http.request(
                method,
                path,
                json=json,
                params={key: value for key, value in (params or {}).items() if value is not None},
                headers=headers,
                content=content,
                files=files,
                data=data,
                timeout=httpx2.USE_CLIENT_DEFAULT
                if timeout is None
                else httpx2.Timeout(timeout, connect=CONNECT_SECONDS),
            )
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            raise UnreachableError(f"{self.url} does not answer: {reason}. Is `pegbox up` running?") from error
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
            raise UnreachableError(f"{self.url} does not answer: {str(error) or type(error).__name__}") from error

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET."""
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        """The JSON answer to a posted JSON body."""
        return self.request("POST", path, json=body if body is not None else {}, params=params).json()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
