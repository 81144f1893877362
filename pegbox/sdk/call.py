"""Calls of the API as data, and what turns one into a method: one description serves the blocking and the async client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload
from urllib.parse import quote

import httpx2

from pegbox.sdk.record import Record

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request and how its answer is read.

    `params` that are None are left out. `upload` is sent as the multipart field `file` beside `form`. What `save_to` names gets
    the answer's body, piece by piece. `at_monitor` calls go to the monitor. `otherwise` is asked when the answer is 404.
    """

    method: str
    path: str
    read: Callable[[httpx2.Response], T]
    params: Mapping[str, Any] | None = None
    body: Any = None
    form: Mapping[str, str] | None = None
    upload: Path | None = None
    save_to: Path | None = None
    accept: str = "application/json"
    seconds: float | None = None
    at_monitor: bool = False
    otherwise: Call[T] | None = None

    @property
    def given_params(self) -> dict[str, Any]:
        return {name: value for name, value in (self.params or {}).items() if value is not None}


class Sender(Protocol):
    """A client that blocks."""

    def send(self, call: Call[T]) -> T: ...


class AsyncSender(Protocol):
    """A client that is awaited."""

    async def send(self, call: Call[T]) -> T: ...


class Resource:
    """Calls of a blocking client."""

    def __init__(self, client: Sender) -> None:
        self._client = client


class AsyncResource:
    """Calls of an async client."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client


class Endpoint(Generic[P, T]):
    """A method of both: it sends the call that the decorated function describes."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Endpoint[P, T]: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, resource: AsyncResource, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        if resource is None:
            return self

        @wraps(self._describe)
        def send(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._client.send(self._describe(resource, *args, **kwargs))

        return send


def endpoint(describe: Callable[Concatenate[Any, P], Call[T]]) -> Endpoint[P, T]:
    """Makes a method of a function that describes its call."""
    return Endpoint(describe)


def one(kind: type[R], field: str | None = None) -> Callable[[httpx2.Response], R]:
    """Reads a record: the whole answer, or one field of it."""
    return lambda response: kind(response.json() if field is None else response.json()[field])


def many(kind: type[R], field: str | None = None) -> Callable[[httpx2.Response], list[R]]:
    """Reads a list of records, bare or in this field of an object."""

    def read(response: httpx2.Response) -> list[R]:
        content = response.json()
        return [kind(item) for item in (content if field is None or isinstance(content, list) else content[field])]

    return read


def nothing(response: httpx2.Response) -> None:
    """Reads nothing."""


def text(response: httpx2.Response) -> str:
    """Reads plain text."""
    return response.text


def plain(response: httpx2.Response) -> Any:
    """Reads JSON as it is."""
    return response.json()


def segment(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")
