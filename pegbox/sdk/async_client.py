"""The client of a Pegbox for asyncio: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from pegbox.errors import NotFoundError
from pegbox.sdk.base_client import Address
from pegbox.sdk.call import Call
from pegbox.sdk.download import whole_file
from pegbox.sdk.resources.datasets import AsyncDatasets
from pegbox.sdk.resources.experiments import AsyncExperiments
from pegbox.sdk.resources.jobs import AsyncJobs
from pegbox.sdk.resources.machine import AsyncMachine
from pegbox.sdk.resources.models import AsyncModels
from pegbox.sdk.resources.runs import AsyncRuns
from pegbox.sdk.resources.training import AsyncTraining
from pegbox.sdk.resources.workflow import AsyncWorkflow
from pegbox.sdk.retries import Attempts

T = TypeVar("T")


class AsyncClient:
    """`await AsyncClient().jobs.list()`; arguments and errors are those of `Client`. Use it with `async with`."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        monitor_url: str | None = None,
        retries: int = 3,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = Address(base_url, api_key, monitor_url)
        self._retries = retries
        self._http = httpx2.AsyncClient(**self._address.options, transport=transport)
        self.datasets = AsyncDatasets(self)
        self.models = AsyncModels(self)
        self.experiments = AsyncExperiments(self)
        self.jobs = AsyncJobs(self)
        self.runs = AsyncRuns(self)
        self.training = AsyncTraining(self)
        self.workflow = AsyncWorkflow(self)
        self.machine = AsyncMachine(self)
        self.gpus = self.machine.gpus
        self.metrics = self.machine.metrics
        self.health = self.machine.health

    @property
    def url(self) -> str:
        """The backend's address."""
        return self._address.backend

    async def send(self, call: Call[T]) -> T:
        """Makes the call, again where that is allowed; its answer as the call reads it."""
        attempts = Attempts(self._retries)
        while True:
            try:
                response = await self._exchange(call)
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
                    return await self.send(call.otherwise)
            await asyncio.sleep(pause)

    async def _exchange(self, call: Call[Any]) -> httpx2.Response:
        with ExitStack() as files:
            request = self._http.build_request(**self._address.request_of(call, files))
            response = await self._http.send(request, stream=call.save_to is not None)
            if call.save_to is None:
                return response
            try:
                if response.status_code >= 400:
                    await response.aread()
                    return response
                with whole_file(response, call.save_to) as file:
                    async for piece in response.aiter_bytes():
                        await asyncio.to_thread(file.write, piece)
            finally:
                await response.aclose()
            return response

    @asynccontextmanager
    async def events(self, path: str, last_event_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of a stream of events of the backend, piece by piece. Raises `UnreachableError` when it breaks off."""
        call = Call("GET", path, read=lambda response: response, accept="text/event-stream")
        headers = {"Accept": call.accept, "Last-Event-ID": str(last_event_id)}
        try:
            async with self._http.stream("GET", self._address.url_of(call), headers=headers) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise self._address.refusal(call, response)
                yield response.aiter_raw()
        except httpx2.TransportError as error:
            raise self._address.unreachable(call, error) from error

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
