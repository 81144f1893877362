"""Reports to the backend how an attempt ended."""

from __future__ import annotations

import logging
import threading
import time

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.queue import ReportRequest
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.retry import is_retryable, retry_delay

log = logging.getLogger("pegbox.worker")

LAST_REPORT_SECONDS = 10.0
"""How long a stopping worker retries a report. After that, the lease of the job runs out."""


def send_report(queue: Queue, uid: str, report: ReportRequest, stopping: threading.Event) -> None:
    """Sends the report of job `uid`, with retries. Returns when it is accepted or refused, or when a stopping worker gives up."""
    deadline = time.monotonic() + LAST_REPORT_SECONDS
    failures = 0
    while True:
        try:
            queue.report(uid, report)
            return
        except PegboxError as error:
            if not is_retryable(error):
                log.warning("job %s: report refused: %s", uid, error)
                return
            if stopping.is_set() and time.monotonic() > deadline:
                return
            failures += 1
            time.sleep(retry_delay(failures))
