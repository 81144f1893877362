"""Receives a dataset's file in a form while it arrives."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request

from pegbox.store.incoming import Incoming
from pegbox.web.multipart import Form, receive_form

Upload = Form[Incoming]


async def receive_upload(request: Request, folder: Path, max_bytes: int) -> Upload:
    """The form with its part `file`, its file name made fit to show. Raises what `receive_form` raises."""
    upload = await receive_form(request, lambda: Incoming(folder, with_md5=True), max_bytes)
    upload.filename = _safe_name(upload.filename)
    return upload


def _safe_name(filename: str) -> str:
    """The last part of whatever path the client sent, for display only; never used as a path."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in name if ord(char) >= 32 and ord(char) != 127)[:255].strip() or "upload"
