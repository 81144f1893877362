"""The claim on a job, kept alive by heartbeats."""

from __future__ import annotations

import logging
import threading

from pegbox.errors import LeaseLostError, NotFoundError, PegboxError
from pegbox.schemas.jobs.queue import ClaimResponse, HeartbeatRequest, Phase, Wanted
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.executors.local import Child

log = logging.getLogger("pegbox.worker")


LONGEST_PAUSE_SECONDS = 2.0
"""Between two heartbeats: their answers are how a worker hears that a job was cancelled."""


class Lease:
    """Heartbeats from a thread of its own, so that neither training nor watching delays them."""

    def __init__(self, queue: Queue, claimed: ClaimResponse) -> None:
        self.wanted: Wanted = "run"
        self.lost = False
        self._queue = queue
        self._claimed = claimed
        self._seconds = claimed.lease_seconds
        self._first_phase: Phase | None = "prepare" if claimed.job.kind == "finetune" else None
        self._child: Child | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pegbox-heartbeat", daemon=True)

    def start(self) -> None:
        """From now on the lease is renewed."""
        self._thread.start()

    def follow(self, child: Child) -> None:
        """From now on heartbeats say where this child stands."""
        self._child = child

    def stop(self) -> None:
        """No heartbeat after this returns."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while True:
            latest = self._child.latest if self._child else None
            request = HeartbeatRequest(
                claim_token=self._claimed.claim_token,
                phase=(latest and latest.phase) or self._first_phase,
                step=latest and latest.step,
                max_steps=latest and latest.max_steps,
            )
            try:
                answer = self._queue.heartbeat(self._claimed.job.uid, request)
                self.wanted, self._seconds = answer.wanted, answer.lease_seconds
            except (LeaseLostError, NotFoundError):
                self.lost = True
                return
            except PegboxError as error:
                log.warning("heartbeat: %s; the training goes on", error.message)
            if self._ended.wait(min(self._seconds / 3, LONGEST_PAUSE_SECONDS)):
                return
