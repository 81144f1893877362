"""Reads the bodies of foreign calls within limits and decodes them off the event loop."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from monitor.artifacts.service import copy_file
from monitor.context import Monitor
from monitor.dialects.functions import Caller
from monitor.dialects.uploads import UploadedFile, Uploads
from pegbox.errors import PayloadTooLargeError, UnusableContentError, ValidationError
from pegbox.web.drain import drain

MAX_CALL_BYTES = 64 << 20
"""Limit of a call: after an outage a client sends all buffered entries in one call."""

MAX_FILES = 100
FORM_BYTES = 64 << 10
"""Limit of a form without its files."""

Call = tuple[list[Any], dict[str, Any]]


def caller_of(request: Request) -> Caller:
    """Returns the context of a call."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    state = request.app.state
    return Caller(state.monitor, state.uploads, bearer or None)


async def read_json(request: Request) -> Any:
    """Reads a JSON body; None for an empty body. Raises `PayloadTooLargeError`, `UnusableContentError`."""
    body = await _read(request, MAX_CALL_BYTES)
    if not body.strip():
        return None
    try:
        return await run_in_threadpool(msgspec.json.decode, body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableContentError(f"body: {error}") from None


async def _read(request: Request, limit: int) -> bytes:
    too_large = PayloadTooLargeError(f"A call must not exceed {limit} bytes")
    if _announced(request) > limit:
        await drain(request)
        raise too_large
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                body.clear()
                await drain(request)
                raise too_large
    except ClientDisconnect as error:
        raise UnusableContentError("The call broke off before its end") from error
    return bytes(body)


def _announced(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def arguments(body: Any) -> Call:
    """Returns positional and named arguments of a body `{"args", "kwargs"}`, `{"data": […]}`, a bare object or a list."""
    if body is None:
        return [], {}
    if isinstance(body, list):
        return body, {}
    if not isinstance(body, dict):
        return [body], {}
    if "args" in body or "kwargs" in body:
        args, kwargs = body.get("args") or [], body.get("kwargs") or {}
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise UnusableContentError("body: args must be a list and kwargs an object")
        return args, kwargs
    if isinstance(body.get("data"), list):
        return body["data"], {}
    return [], body


async def receive_uploads(request: Request, monitor: Monitor, uploads: Uploads) -> list[str]:
    """Stores the form's files and returns their handles in order. Raises `PayloadTooLargeError`, `UnusableContentError`."""
    limit = monitor.settings.max_artifact_bytes
    too_large = PayloadTooLargeError(f"An upload must not exceed {limit} bytes")
    if _announced(request) > limit + FORM_BYTES:
        await drain(request)
        raise too_large
    received = 0

    async def bounded() -> MutableMapping[str, Any]:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit + FORM_BYTES:
            raise too_large
        return message

    try:
        async with Request(request.scope, bounded).form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            files = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
            if not files:
                raise ValidationError("Send the files as multipart/form-data in parts named 'files'")
            return [uploads.add(await _keep(file, monitor)) for file in files]
    except MultiPartException as error:
        raise UnusableContentError(f"The form cannot be read: {error.message}") from error
    except ClientDisconnect as error:
        raise UnusableContentError("The upload broke off before its end") from error


async def _keep(file: UploadFile, monitor: Monitor) -> UploadedFile:
    kept = await run_in_threadpool(copy_file, monitor.settings, file.file)
    return UploadedFile(kept.sha256, kept.size_bytes, base_name(file.filename or ""))


def base_name(path: str) -> str:
    """Returns the last part of a client's path, limited to characters of artifact names. Never used as a path."""
    name = re.sub(r"[^A-Za-z0-9_. ()+=@-]", "_", path.replace("\\", "/").rsplit("/", 1)[-1].strip())
    return re.sub(r"^[^A-Za-z0-9_]", "_", name)[-200:] or "file"
