"""Parses a multipart form as a stream: the file is written to disk under a byte limit, the fields are kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from pegbox.errors import PayloadTooLargeError, UnavailableError, UnusableContentError, ValidationError
from pegbox.web.drain import drain

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FLUSH_BYTES = 1024 * 1024
MAX_FIELDS = 30
MAX_FIELD_BYTES = 64 * 1024
FORM_OVERHEAD_BYTES = MAX_FIELDS * MAX_FIELD_BYTES


class Sink(Protocol):
    """The destination of the file: written in chunks, then closed, or discarded with everything written."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def discard(self) -> None: ...


SinkT = TypeVar("SinkT", bound=Sink)


@dataclass
class Form(Generic[SinkT]):
    """A received form. `file` is closed; the caller keeps or discards it. `filename` is unchecked, as the client sent it."""

    file: SinkT
    filename: str
    fields: dict[str, str] = field(default_factory=dict)


async def receive_form(request: Request, open_sink: Callable[[], SinkT], max_bytes: int) -> Form[SinkT]:
    """Reads a form with a part named `file`, which is written to the sink that `open_sink` creates.

    Raises PayloadTooLargeError (413) as soon as the file exceeds `max_bytes`, ValidationError (422) for a form without a file,
    UnusableContentError (400) for a malformed form.
    """
    form = _Receiver(open_sink, max_bytes, _boundary(request))
    try:
        if (declared := _content_length(request)) and declared > max_bytes + FORM_OVERHEAD_BYTES:
            raise _too_large(max_bytes)
        async for chunk in request.stream():
            form.feed(chunk)
            if form.pending_bytes >= FLUSH_BYTES:
                await run_in_threadpool(form.flush)
        return await run_in_threadpool(form.finish)
    except (PayloadTooLargeError, UnavailableError):
        await run_in_threadpool(form.abandon)
        await drain(request)
        raise
    except ClientDisconnect as error:
        await run_in_threadpool(form.abandon)
        raise UnusableContentError("The upload broke off before its end") from error
    except BaseException:
        form.abandon()
        raise


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise ValidationError("Send the file as multipart/form-data with a part named 'file'")
    return boundary


def _content_length(request: Request) -> int | None:
    value = request.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"File size exceeds maximum allowed size of {max_bytes} bytes")


class _Receiver(Generic[SinkT]):
    """Callbacks of the multipart parser. `feed` only buffers; `flush` writes to disk, outside the event loop."""

    def __init__(self, open_sink: Callable[[], SinkT], max_bytes: int, boundary: bytes) -> None:
        self._open_sink = open_sink
        self._max_bytes = max_bytes
        self._parser = MultipartParser(boundary, self._callbacks())
        self._file: SinkT | None = None
        self._filename: str | None = None
        self._file_bytes = 0
        self._pending = bytearray()
        self._fields: dict[str, str] = {}
        self._header_name = b""
        self._header_value = b""
        self._part_name = ""
        self._in_file = False
        self._part = bytearray()
        self._ended = False

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value_part,
            "on_header_end": self._end_header,
            "on_part_data": self._part_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    @property
    def pending_bytes(self) -> int:
        return len(self._pending)

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise UnusableContentError(f"The form cannot be read: {error}") from error

    def flush(self) -> None:
        """Writes the buffered bytes of the file to the sink."""
        if self._file is None:
            self._file = self._open_sink()
        self._file.write(bytes(self._pending))
        self._pending.clear()

    def finish(self) -> Form[SinkT]:
        if not self._ended:
            raise UnusableContentError("The form ends in the middle of a part")
        if self._filename is None:
            raise ValidationError(
                "body.file: Field required",
                errors=[{"loc": ["body", "file"], "msg": "Field required", "type": "missing"}],
            )
        self.flush()
        assert self._file is not None
        self._file.close()
        return Form(self._file, self._filename, self._fields)

    def abandon(self) -> None:
        if self._file is not None:
            self._file.discard()

    def _begin_part(self) -> None:
        self._part_name, self._in_file = "", False
        self._header_name = self._header_value = b""
        self._part.clear()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_part(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            _, options = parse_options_header(self._header_value)
            self._part_name = options.get(b"name", b"").decode("utf-8", "replace")
            filename = options.get(b"filename")
            if self._part_name == "file" and filename is not None:
                if self._filename is not None:
                    raise UnusableContentError("Send one file at a time")
                self._in_file = True
                self._filename = filename.decode("utf-8", "replace")
        self._header_name = self._header_value = b""

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file_bytes += end - start
            if self._file_bytes > self._max_bytes:
                raise _too_large(self._max_bytes)
            self._pending += data[start:end]
            return
        if len(self._part) + end - start > MAX_FIELD_BYTES:
            raise PayloadTooLargeError(f"Form fields may hold at most {MAX_FIELD_BYTES} bytes")
        self._part += data[start:end]

    def _end_part(self) -> None:
        if self._in_file or not self._part_name:
            return
        if len(self._fields) >= MAX_FIELDS:
            raise UnusableContentError(f"The form has more than {MAX_FIELDS} fields")
        self._fields[self._part_name] = self._part.decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True
