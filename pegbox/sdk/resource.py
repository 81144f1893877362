"""Base classes of the resources of a client, and the decorator that makes a method of a function that builds a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

import httpx2

from pegbox.sdk.call import Call

P = ParamSpec("P")
T = TypeVar("T")


class BlockingClient(Protocol):
    """What resources need of `Client`."""

    def send(self, call: Call[T]) -> T: ...

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
    ) -> httpx2.Response: ...

    def stream(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[httpx2.Response]: ...

    def events(self, path: str, last_event_id: int) -> AbstractContextManager[Iterator[bytes]]: ...


class AwaitableClient(Protocol):
    """What resources need of `AsyncClient`."""

    async def send(self, call: Call[T]) -> T: ...

    def events(self, path: str, last_event_id: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...


class Resource:
    """A resource of a blocking client."""

    def __init__(self, client: BlockingClient) -> None:
        self._client = client


class AsyncResource:
    """A resource of an async client."""

    def __init__(self, client: AwaitableClient) -> None:
        self._client = client


class Endpoint(Generic[P, T]):
    """A method of both kinds of resources: builds its call and sends it."""

    def __init__(self, build_call: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._build_call = build_call
        self.__doc__ = build_call.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Endpoint[P, T]: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: AsyncResource, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        if resource is None:
            return self

        @wraps(self._build_call)
        def send(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._client.send(self._build_call(resource, *args, **kwargs))

        return send


def endpoint(build_call: Callable[Concatenate[Any, P], Call[T]]) -> Endpoint[P, T]:
    """Turns a function that builds a call into a method that sends the call."""
    return Endpoint(build_call)
