"""One lane of a worker: asks for jobs of its kind while there is room for one more."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from pegbox.errors import PegboxError
from pegbox.schemas.jobs.queue import ClaimRequest, ClaimResponse
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.report import passes, pause_after

log = logging.getLogger("pegbox.worker")

Asking = Callable[[], ClaimRequest | None]
"""What to ask for now; `None` while the worker is not ready for this lane."""

NOT_READY_SECONDS = 0.1


class Lane:
    """Claims in a thread of its own, which may end with the process at any time.

    `on_claim` gets each job, and `done` must be called when it is over; `on_failure` gets an error that no waiting mends.
    """

    def __init__(
        self,
        name: str,
        room: int,
        queue: Queue,
        asking: Asking,
        on_claim: Callable[[Lane, ClaimResponse], None],
        on_failure: Callable[[PegboxError], None],
    ) -> None:
        self._queue = queue
        self._asking = asking
        self._on_claim = on_claim
        self._on_failure = on_failure
        self._room = threading.Semaphore(room)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pegbox-lane-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def done(self) -> None:
        """A job of this lane is over."""
        self._room.release()

    def stop(self) -> None:
        """No further claims. A request that waits is left alone."""
        self._stopping.set()
        self._room.release()

    def join(self, seconds: float) -> None:
        """Waits for the claim under way."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            self._room.acquire()
            try:
                claimed = self._claim()
            except PegboxError as error:
                self._on_failure(error)
                return
            if claimed is None:
                return
            self._on_claim(self, claimed)

    def _claim(self) -> ClaimResponse | None:
        """The next job; `None` when the lane stops. A request whose answer got lost is repeated with the same token."""
        token, failures = secrets.token_urlsafe(24), 0
        while not self._stopping.is_set():
            request = self._asking()
            if request is None:
                self._stopping.wait(NOT_READY_SECONDS)
                continue
            # A backend that is back says so without waiting for a job.
            more = {"claim_token": token, **({"wait_seconds": 0} if failures else {})}
            try:
                claimed = self._queue.claim(request.model_copy(update=more))
            except PegboxError as error:
                if not passes(error):
                    raise
                failures += 1
                if failures == 1:
                    log.warning("waiting for the backend: %s", error.message)
                time.sleep(pause_after(failures))
                continue
            if failures:
                log.info("the backend answers again")
                failures = 0
            if claimed is not None:
                return claimed
            token = secrets.token_urlsafe(24)
        return None
