"""The lease on a claimed job, renewed by heartbeats."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pegbox.errors import LeaseLostError, NotFoundError, PegboxError
from pegbox.schemas.jobs.queue import ClaimResponse, HeartbeatRequest, Phase, Wanted
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.assignment import ProgressLine

log = logging.getLogger("pegbox.worker")


MAX_HEARTBEAT_SECONDS = 2.0
"""Longest time between two heartbeats. Their answers tell the worker that a job was paused or cancelled."""


class Lease:
    """Sends heartbeats from a thread of its own, so that nothing else in the worker delays them.

    `wanted` is the backend's latest answer; `lost` is true when the job was given to another worker or removed. `first_phase` is
    reported until a progress line names a phase.
    """

    def __init__(self, queue: Queue, claimed: ClaimResponse, first_phase: Phase | None = None) -> None:
        self.wanted: Wanted = "run"
        self.lost = False
        self._queue = queue
        self._claimed = claimed
        self._seconds = claimed.lease_seconds
        self._first_phase = first_phase
        self._read_progress: Callable[[], ProgressLine] = ProgressLine
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._send_heartbeats, name="pegbox-heartbeat", daemon=True)

    def start(self) -> None:
        """Starts the heartbeats."""
        self._thread.start()

    def report_progress(self, read_progress: Callable[[], ProgressLine]) -> None:
        """Adds progress to the heartbeats: `read_progress` is called before each, from the lease's thread."""
        self._read_progress = read_progress

    def stop(self) -> None:
        """Stops the heartbeats; none is sent after this method returns."""
        self._stopped.set()
        self._thread.join()

    def _send_heartbeats(self) -> None:
        while True:
            progress = self._read_progress()
            request = HeartbeatRequest(
                claim_token=self._claimed.claim_token,
                phase=progress.phase or self._first_phase,
                step=progress.step,
                max_steps=progress.max_steps,
            )
            try:
                answer = self._queue.heartbeat(self._claimed.job.uid, request)
                self.wanted, self._seconds = answer.wanted, answer.lease_seconds
            except (LeaseLostError, NotFoundError):
                self.lost = True
                return
            except PegboxError as error:
                log.warning("heartbeat: %s; the job goes on", error.message)
            if self._stopped.wait(min(self._seconds / 3, MAX_HEARTBEAT_SECONDS)):
                return
