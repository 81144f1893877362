"""Uploads the lines of an outbox to the monitor and handles each response."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from typing import Any
from urllib.parse import quote, urlencode

from pegbox.errors import UnreachableError
from pegbox.sdk.recording.connection import MonitorConnection, encode_json, error_for
from pegbox.sdk.recording.outbox import Outbox

log = logging.getLogger("pegbox")

BATCH_START = b'{"batch":'
RETRYABLE_STATUSES = frozenset({401, 403, 408, 425, 429})
"""Statuses to retry besides 5xx. Includes 401 and 403, so that a changed token loses no metrics."""


class OutboxUploader:
    """Uploads the lines of one run. `create` is the body of `POST /api/runs`, used again if the monitor lost the run."""

    def __init__(self, connection: MonitorConnection, create: dict[str, Any]) -> None:
        self._connection = connection
        self._create = create
        self._path = f"/api/runs/{quote(create['id'], safe='')}"
        self._refused_statuses: set[int] = set()

    def upload_all(self, outbox: Outbox, *, keep_status: bool = True) -> None:
        """Uploads the whole outbox, oldest line first. Raises `UnreachableError` when the upload should be retried later.

        `keep_status=False` drops changes of the run's status, because the run was resumed after they were logged.
        """
        while (line := outbox.next_line()) is not None:
            self.upload(line, outbox, keep_status=keep_status)
            outbox.acknowledge(line)

    def upload(self, line: bytes, outbox: Outbox, *, keep_status: bool = True) -> None:
        """Uploads one line. Returns when the monitor has acknowledged it, or has refused it and it is kept beside the outbox."""
        status, content = self._send(line, keep_status)
        if status == 404:  # the monitor's data folder is new and empty
            self._create_run()
            status, content = self._send(line, keep_status)
        if status < 400:
            return
        error = error_for(status, content, f"run {self._create['id']}")
        if status >= 500 or status in RETRYABLE_STATUSES:
            raise UnreachableError(f"{self._connection.url} answered {status}: {error.message}")
        kept = outbox.set_aside(line)
        if status not in self._refused_statuses:
            self._refused_statuses.add(status)
            log.warning("pegbox: the monitor refused a batch (%s: %s); it is kept in %s", status, error.message, kept)

    def _send(self, line: bytes, keep_status: bool) -> tuple[int, bytes]:
        if line.startswith(BATCH_START):
            return self._connection.request("POST", f"{self._path}/batches", line[len(BATCH_START) : -1])
        content = json.loads(line)
        if "file" in content:
            return self._send_file(content["file"])
        patch = content["patch"]
        if not keep_status:
            patch.pop("status", None)
        return self._connection.request("PATCH", self._path, encode_json(patch))

    def _send_file(self, file: dict[str, Any]) -> tuple[int, bytes]:
        """Uploads an artifact and removes its copy when acknowledged. A missing copy means that this has happened before."""
        path = f"{self._path}/artifacts/{quote(file['name'], safe='')}?{urlencode(file['query'])}"
        try:
            with open(file["path"], "rb") as handle:
                status, content = self._connection.request("PUT", path, handle, file["size_bytes"])
        except FileNotFoundError:
            return 200, b""
        if status < 400:
            with contextlib.suppress(OSError):
                os.unlink(file["path"])
        return status, content

    def _create_run(self) -> None:
        body = {**self._create, "resume": "allow"}
        status, content = self._connection.request("POST", "/api/runs", encode_json(body))
        if status >= 400:
            raise UnreachableError(error_for(status, content, f"creating run {body['id']}").message)
