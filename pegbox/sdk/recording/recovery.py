"""Sends what dead processes left in their outboxes, in the background of the next `init` on the same data folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pegbox.errors import PegboxError
from pegbox.sdk.recording.connection import MonitorConnection
from pegbox.sdk.recording.outbox import Outbox, OutboxTakenError, leftovers
from pegbox.sdk.recording.uploader import Delivery

log = logging.getLogger("pegbox")


def send_leftovers(url: str, token: str | None, folder: Path, *, except_run: str) -> threading.Thread | None:
    """Starts a thread when there is something to look at; outboxes of living processes and other monitors stay untouched."""
    paths = [path for path in leftovers(folder) if not path.name.startswith(f"{except_run}-")]
    if not paths:
        return None
    thread = threading.Thread(target=_send, args=(url, token, paths), name="pegbox-leftovers", daemon=True)
    thread.start()
    return thread


def _send(url: str, token: str | None, paths: list[Path]) -> None:
    connection = MonitorConnection(url, token)
    try:
        for path in paths:
            try:
                outbox = Outbox.adopt(path)
            except (OutboxTakenError, ValueError):
                continue
            try:
                if outbox.header.get("url") == url:
                    Delivery(connection, outbox.header["run"]).drain(outbox)
            finally:
                outbox.close()
    except (PegboxError, OSError) as error:
        log.info("pegbox: metrics of an earlier process wait on: %s", error)
    finally:
        connection.close()
