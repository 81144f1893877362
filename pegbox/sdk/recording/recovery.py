"""Sends the outboxes of processes that died, in the background of the next `init` on the same data folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pegbox.errors import PegboxError
from pegbox.sdk.recording.connection import MonitorConnection
from pegbox.sdk.recording.outbox import Outbox, OutboxLockedError, outbox_files
from pegbox.sdk.recording.uploader import OutboxUploader

log = logging.getLogger("pegbox")


def send_orphaned_outboxes(url: str, token: str | None, folder: Path, *, except_run: str) -> threading.Thread | None:
    """Starts a thread that sends them, or returns `None` when there are none.

    Skips outboxes that a running process holds, those of other monitors, and those of the run `except_run`.
    """
    paths = [path for path in outbox_files(folder) if not path.name.startswith(f"{except_run}-")]
    if not paths:
        return None
    thread = threading.Thread(target=_send, args=(url, token, paths), name="pegbox-recovery", daemon=True)
    thread.start()
    return thread


def _send(url: str, token: str | None, paths: list[Path]) -> None:
    connection = MonitorConnection(url, token)
    try:
        for path in paths:
            try:
                outbox = Outbox.adopt(path)
            except (OutboxLockedError, ValueError):
                continue
            try:
                if outbox.header.get("url") == url:
                    OutboxUploader(connection, outbox.header["run"]).upload_all(outbox)
            finally:
                outbox.close()
    except (PegboxError, OSError) as error:
        log.info("pegbox: metrics of an earlier process wait on: %s", error)
    finally:
        connection.close()
