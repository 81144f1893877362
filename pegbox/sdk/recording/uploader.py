"""Brings single outbox lines to the monitor, and decides what an answer means for them."""

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
RETRYABLE = frozenset({401, 403, 408, 425, 429})
"""Beside 5xx: answers that may be different next time. A changed token counts, so that it costs no metrics."""


class Delivery:
    """For one run. `create` is the body that made it, to make it again should the monitor have lost it."""

    def __init__(self, connection: MonitorConnection, create: dict[str, Any]) -> None:
        self._connection = connection
        self._create = create
        self._path = f"/api/runs/{quote(create['id'], safe='')}"
        self._refusals: set[int] = set()

    def drain(self, outbox: Outbox, *, keep_status: bool = True) -> None:
        """Delivers the whole outbox, oldest line first. Raises `UnreachableError` when to try later.

        With `keep_status=False` a line may no longer change the run's status, because the run was resumed since.
        """
        while (line := outbox.next_line()) is not None:
            self.deliver(line, outbox, keep_status=keep_status)
            outbox.acknowledge(line)

    def deliver(self, line: bytes, outbox: Outbox, *, keep_status: bool = True) -> None:
        """Returns when the line is settled: acknowledged, or refused for good and set aside beside the outbox."""
        status, content = self._send(line, keep_status)
        if status == 404:  # the monitor has a new, empty data folder
            self._create_run()
            status, content = self._send(line, keep_status)
        if status < 400:
            return
        error = error_for(status, content, f"run {self._create['id']}")
        if status >= 500 or status in RETRYABLE:
            raise UnreachableError(f"{self._connection.url} answered {status}: {error.message}")
        kept = outbox.set_aside(line)
        if status not in self._refusals:
            self._refusals.add(status)
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
        """Uploads a copy and removes it once it is acknowledged. Without the copy, that has happened already."""
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
