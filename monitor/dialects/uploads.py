"""Files uploaded before the call that refers to them by a handle."""

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
    """The file is stored under its hash in the artifact folder; `name` is the client's file name, never used as a path."""

    sha256: str
    size_bytes: int
    name: str


class Uploads:
    """Uploaded files by random handles. A handle expires after an hour. Thread-safe.

    Handles are in memory only: clients upload again after a restart, as after any error.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[str, tuple[float, UploadedFile]] = OrderedDict()

    def add(self, file: UploadedFile) -> str:
        """Stores a received file and returns its handle."""
        handle = f"{PREFIX}{secrets.token_urlsafe(24)}"
        moment = time.monotonic()
        with self._lock:
            self._files[handle] = (moment, file)
            while len(self._files) > MAX_HANDLES or next(iter(self._files.values()))[0] < moment - KEPT_SECONDS:
                self._files.popitem(last=False)
        return handle

    def get(self, handle: object) -> UploadedFile:
        """Returns the file of a handle. Raises `UnusableContentError` for an unknown handle."""
        with self._lock:
            entry = self._files.get(handle) if isinstance(handle, str) else None
        if entry is None:
            raise UnusableContentError("The uploaded file is not known here; upload it again and send its new path")
        return entry[1]
