"""Files on their way: a client uploads them first and names them in a later call by the handle it was given."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from pegbox.errors import UnusableContentError

MAX_HANDLES = 10_000
KEPT_SECONDS = 3600.0
PREFIX = "upload-"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """Its bytes lie under their hash in the artifact folder; `name` is what the client called it, never a path."""

    sha256: str
    size_bytes: int
    name: str


class Uploads:
    """Handles tell nothing about files and cannot be guessed. One that nobody used within the hour is forgotten.

    Handles are kept in memory: clients upload again after a restart, as they do after any error.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, tuple[float, UploadedFile]] = OrderedDict()

    def add(self, file: UploadedFile) -> str:
        """The handle of a received file."""
        handle = f"{PREFIX}{secrets.token_urlsafe(24)}"
        moment = time.monotonic()
        with self._lock:
            self._files[handle] = (moment, file)
            while len(self._files) > MAX_HANDLES or next(iter(self._files.values()))[0] < moment - KEPT_SECONDS:
                self._files.popitem(last=False)
        return handle

    def get(self, handle: object) -> UploadedFile:
        """Raises `UnusableContentError` for a handle that was not given out here."""
        with self._lock:
            entry = self._files.get(handle) if isinstance(handle, str) else None
        if entry is None:
            raise UnusableContentError("The uploaded file is not known here; upload it again and send its new path")
        return entry[1]
