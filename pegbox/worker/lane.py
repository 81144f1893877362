"""A lane of a worker: claims jobs of one sort while the worker has room for another."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.queue import ClaimRequest, ClaimResponse
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.retry import is_retryable, retry_delay

log = logging.getLogger("pegbox.worker")

NOT_READY_SECONDS = 0.1


class Lane:
    """Claims jobs from a daemon thread, at most `capacity` at a time.

    `make_request` builds the claim, or returns `None` while the worker is not ready for this lane. `on_claim` receives each job;
    `release` must be called when the job has ended. `on_failure` receives the error that ends the lane.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        queue: Queue,
        make_request: Callable[[], ClaimRequest | None],
        on_claim: Callable[[Lane, ClaimResponse], None],
        on_failure: Callable[[PegboxError], None],
    ) -> None:
        self._queue = queue
        self._make_request = make_request
        self._on_claim = on_claim
        self._on_failure = on_failure
        self._free = threading.Semaphore(capacity)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pegbox-lane-{name}", daemon=True)

    def start(self) -> None:
        """Starts to claim jobs."""
        self._thread.start()

    def release(self) -> None:
        """Makes room for another job."""
        self._free.release()

    def stop(self) -> None:
        """Makes no further claims. A claim in progress is not interrupted."""
        self._stopping.set()
        self._free.release()

    def join(self, timeout: float) -> None:
        """Waits up to `timeout` seconds for a claim in progress."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            self._free.acquire()
            try:
                claimed = self._claim()
            except PegboxError as error:
                self._on_failure(error)
                return
            if claimed is None:
                return
            self._on_claim(self, claimed)

    def _claim(self) -> ClaimResponse | None:
        """The next job; `None` when the lane stops. A claim whose response was lost is repeated with the same token."""
        token, failures = secrets.token_urlsafe(24), 0
        while not self._stopping.is_set():
            request = self._make_request()
            if request is None:
                self._stopping.wait(NOT_READY_SECONDS)
                continue
            # After a failure the claim does not wait for a job, so that the log says soon when the backend is back.
            changes = {"claim_token": token, **({"wait_seconds": 0} if failures else {})}
            try:
                claimed = self._queue.claim(request.model_copy(update=changes))
            except PegboxError as error:
                if not is_retryable(error):
                    raise
                failures += 1
                if failures == 1:
                    log.warning("waiting for the backend: %s", error.message)
                time.sleep(retry_delay(failures))
                continue
            if failures:
                log.info("the backend answers again")
                failures = 0
            if claimed is not None:
                return claimed
            token = secrets.token_urlsafe(24)
        return None
