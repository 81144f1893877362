"""Tells the backend how a claim ended, however long it is away."""

from __future__ import annotations

import logging
import threading
import time

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.queue import ReportRequest
from pegbox.sdk.resources.queue import Queue

log = logging.getLogger("pegbox.worker")

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Pauses while the backend is out of reach; the last one repeats."""

LAST_REPORT_SECONDS = 10.0
"""How long a worker that is told to stop tries to tell how its jobs ended; after that their leases run out."""


def passes(error: PegboxError) -> bool:
    """Whether the backend, not the request, is at fault: it is away, starting or broken, and may come back."""
    return error.status >= 500


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]


def send_report(queue: Queue, uid: str, report: ReportRequest, stopping: threading.Event) -> None:
    """Returns when the report was taken or refused, or a stopping worker has to give up."""
    deadline = time.monotonic() + LAST_REPORT_SECONDS
    failures = 0
    while True:
        try:
            queue.report(uid, report)
            return
        except PegboxError as error:
            if not passes(error):
                log.warning("job %s: report refused: %s", uid, error)
                return
            if stopping.is_set() and time.monotonic() > deadline:
                return
            failures += 1
            time.sleep(pause_after(failures))
