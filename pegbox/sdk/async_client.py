"""The asyncio client of the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from pegbox.errors import NotFoundError
from pegbox.sdk.base_client import BaseClient
from pegbox.sdk.call import Call
from pegbox.sdk.download import download_file
from pegbox.sdk.resources.datasets import AsyncDatasets
from pegbox.sdk.resources.experiments import AsyncExperiments
from pegbox.sdk.resources.jobs import AsyncJobs
from pegbox.sdk.resources.machine import AsyncMachine
from pegbox.sdk.resources.models import AsyncModels
from pegbox.sdk.resources.runs import AsyncRuns
from pegbox.sdk.resources.training import AsyncTraining
from pegbox.sdk.resources.workflow import AsyncWorkflow
from pegbox.sdk.retries import RetrySchedule

T = TypeVar("T")


class AsyncClient(BaseClient):
    """Asyncio client, e.g. `await AsyncClient().jobs.list()`, with the arguments and errors of `Client`. Use `async with`."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        monitor_url: str | None = None,
        retries: int = 3,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(base_url, api_key, monitor_url, retries)
        self._http = httpx2.AsyncClient(**self._http_options, transport=transport)
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

    async def send(self, call: Call[T]) -> T:
        """Sends a call, with retries, and returns what the call reads from the response."""
        schedule = RetrySchedule(self._retries)
        while True:
            try:
                response = await self._send_once(call)
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
                    return await self.send(call.fallback)
            await asyncio.sleep(delay)

    async def _send_once(self, call: Call[Any]) -> httpx2.Response:
        with ExitStack() as files:
            request = self._http.build_request(**self._request_options(call, files))
            response = await self._http.send(request, stream=call.save_to is not None)
            if call.save_to is None:
                return response
            try:
                if response.status_code >= 400:
                    await response.aread()
                    return response
                with download_file(response, call.save_to) as file:
                    async for chunk in response.aiter_bytes():
                        await asyncio.to_thread(file.write, chunk)
            finally:
                await response.aclose()
            return response

    @asynccontextmanager
    async def events(self, path: str, last_event_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The chunks of an event stream of the backend. Raises `UnreachableError` when the connection breaks."""
        call = Call("GET", path, read=lambda response: response, accept="text/event-stream")
        headers = {"Accept": call.accept, "Last-Event-ID": str(last_event_id)}
        try:
            async with self._http.stream("GET", path, headers=headers) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise self._error_of(call, response)
                yield response.aiter_raw()
        except httpx2.TransportError as error:
            raise self._unreachable(call, error) from error

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
