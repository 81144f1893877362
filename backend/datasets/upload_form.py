"""Receives a dataset's file in one multipart request. Resumable uploads in pieces are in `backend/uploads`."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request

from backend.uploads.service import UploadedFile
from pegbox.store.incoming import Incoming
from pegbox.web.multipart import Form, receive_form

UploadForm = Form[Incoming]


async def receive_upload_form(request: Request, folder: Path, max_bytes: int) -> UploadForm:
    """The form with its part `file` and a displayable file name. Raises the errors of `receive_form`."""
    form = await receive_form(request, lambda: Incoming(folder, with_md5=True), max_bytes)
    form.filename = _display_name(form.filename)
    return form


def uploaded_file(form: UploadForm) -> UploadedFile:
    """Closes the form's file and describes it."""
    file = form.file
    file.close()
    return UploadedFile(file.path, form.filename, file.size_bytes, file.sha256, file.md5)


def _display_name(filename: str) -> str:
    """The last part of the path that the client sent; for display only, never used as a path."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in name if ord(char) >= 32 and ord(char) != 127)[:255].strip() or "upload"
