"""Calls of the API as data: a request and how to read its response. The blocking and the async client send the same calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx2

from pegbox.sdk.records import Record

T = TypeVar("T")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request and the function that reads its response.

    `params` that are `None` are not sent. `upload` is sent as the multipart field `file` beside `form`. The response body is
    streamed to `save_to` if that is given. `at_monitor` sends the request to the monitor instead of the backend. `fallback` is
    the call to send when the response is 404.
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
    timeout_seconds: float | None = None
    at_monitor: bool = False
    fallback: Call[T] | None = None

    @property
    def query(self) -> dict[str, Any]:
        """The query parameters to send."""
        return {name: value for name, value in (self.params or {}).items() if value is not None}


def read_record(record_class: type[R], field: str | None = None) -> Callable[[httpx2.Response], R]:
    """Reads a record: the whole JSON object, or one of its fields."""
    return lambda response: record_class(response.json() if field is None else response.json()[field])


def read_records(record_class: type[R], field: str | None = None) -> Callable[[httpx2.Response], list[R]]:
    """Reads a list of records: the JSON array, or the array in a field of an object."""

    def read(response: httpx2.Response) -> list[R]:
        content = response.json()
        items = content if field is None or isinstance(content, list) else content[field]
        return [record_class(item) for item in items]

    return read


def read_nothing(response: httpx2.Response) -> None:
    """Ignores the body."""


def read_text(response: httpx2.Response) -> str:
    """Reads plain text."""
    return response.text


def read_json(response: httpx2.Response) -> Any:
    """Reads JSON, without making records of objects."""
    return response.json()


def quote_segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")
