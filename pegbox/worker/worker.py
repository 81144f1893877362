"""The worker: claims queued jobs over HTTP, lane by lane, and runs an attempt at each in a thread of its own.

The main thread handles signals and starts the trainer processes, which end with the thread that started them. Everything that
waits for the network or for a job runs in other threads.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

from pegbox.errors import PegboxError, UnavailableError
from pegbox.schemas.jobs.queue import Capabilities, ClaimRequest, ClaimResponse, Device, ReportRequest
from pegbox.schemas.jobs.queue import Lane as LaneName
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.attempt import WorkerContext
from pegbox.worker.executors.executor import Executor
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.kinds.registry import KINDS, Kinds
from pegbox.worker.lane import Lane
from pegbox.worker.processes.reaper import Reaper
from pegbox.worker.report import send_report

log = logging.getLogger("pegbox.worker")

CLAIM_WAIT_SECONDS = 20.0
PRELOAD_CLAIM_WAIT_SECONDS = 2.0
"""A claim for GPUs is short while the spare trainer is loading, because the next claim can say which methods it supports."""

POLL_SECONDS = 0.2
"""Time between two checks of the spare trainer."""

LEAVE_SECONDS = 3.0
"""How long a stopping worker waits for each lane's claim in progress."""


class Worker:
    """Claims and executes jobs until stopped.

    `executor` starts trainers; with `None` no trainings are claimed. At most `slots` commands without a GPU run at a time; jobs
    with GPUs run while `devices` are free. `kinds` maps the type of a job's spec to its attempt.
    """

    def __init__(
        self,
        identity: WorkerIdentity,
        queue_client: Queue,
        executor: Executor | None,
        *,
        slots: int = 0,
        devices: Sequence[Device] = (),
        kinds: Kinds = KINDS,
    ) -> None:
        self._identity = identity
        self._queue = queue_client
        self._executor = executor
        self._slots = slots
        self._devices = list(devices)
        self._kinds = kinds
        self._trainer_capabilities = Capabilities()
        self._trainer_ready = False
        self._stopping = threading.Event()
        self._messages: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._attempts: set[threading.Thread] = set()
        self._trainings: set[threading.Thread] = set()
        self._lanes = self._make_lanes()
        self._reaper: Reaper | None = None

    def run(self) -> None:
        """Claims and executes jobs until `stop`, SIGTERM or SIGINT. Call it from the main thread.

        Raises `UnavailableError` when no trainer can start on this machine and there are no command slots, and any error of the
        backend that is not retryable.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if self._slots:
            self._reaper = Reaper()
        try:
            self._send_leftover_metrics()
            self._prepare_spare_trainer()
            for lane in self._lanes:
                lane.start()
            while not self._stopping.is_set():
                self._handle_message()
                self._prepare_spare_trainer()
        finally:
            self._shut_down()
        log.info("worker stopped")

    def stop(self) -> None:
        """Makes `run` end the running jobs, report them and return. Thread-safe; also safe in a signal handler."""
        self._stopping.set()
        self._messages.put(None)

    def _make_lanes(self) -> list[Lane]:
        capacities: list[tuple[LaneName, int]] = [
            ("training", 1 if self._executor else 0),
            ("command", self._slots),
            ("gpu", len(self._devices)),
        ]
        return [
            Lane(name, capacity, self._queue, partial(self._claim_request, name), self._on_claim, self._on_failure)
            for name, capacity in capacities
            if capacity
        ]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _handle_message(self) -> None:
        """Runs the next call that another thread passed to the main thread, or returns after a short wait."""
        try:
            message = self._messages.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return
        if message is not None:
            message()

    def _prepare_spare_trainer(self) -> None:
        """Keeps a spare trainer loaded while there is room for another training, and stores its capabilities."""
        if self._executor is None or len(self._trainings) >= max(1, len(self._devices)):
            return
        spare = self._executor.spare()
        if spare.capabilities is None and spare.poll() is None:
            return
        try:
            self._trainer_capabilities = spare.wait_until_ready()
        except UnavailableError as error:
            if not self._slots:
                raise
            log.warning("%s; only commands are run", error.message)
            self._executor.close()
            self._executor = None
        self._trainer_ready = self._executor is not None

    def _claim_request(self, lane: LaneName) -> ClaimRequest | None:
        """The claim of a lane; `None` while the trainer is not ready for the training lane."""
        if lane == "training" and not self._trainer_ready:
            return None
        is_loading = self._executor is not None and not self._trainer_ready
        return ClaimRequest(
            worker_id=self._identity.worker_id,
            hostname=self._identity.hostname,
            capabilities=self._trainer_capabilities.model_copy(
                update={"devices": self._devices, "commands": self._slots > 0, "is_warming": is_loading}
            ),
            lane=lane,
            wait_seconds=PRELOAD_CLAIM_WAIT_SECONDS if lane == "gpu" and is_loading else CLAIM_WAIT_SECONDS,
        )

    def _on_claim(self, lane: Lane, claimed: ClaimResponse) -> None:
        """Called in the lane's thread. Only the main thread may take a trainer from the executor."""
        if self._kinds[type(claimed.job)].needs_trainer:
            self._messages.put(lambda: self._start_attempt(lane, claimed))
        else:
            self._start_attempt(lane, claimed)

    def _on_failure(self, error: PegboxError) -> None:
        def give_up() -> None:
            raise error

        self._messages.put(give_up)

    def _start_attempt(self, lane: Lane, claimed: ClaimResponse) -> None:
        """Starts the attempt's thread; a stopping worker declines the job instead."""
        if self._stopping.is_set():
            declined = ReportRequest(claim_token=claimed.claim_token, outcome="declined")
            send_report(self._queue, claimed.job.uid, declined, self._stopping)
            return
        job = claimed.job
        kind = self._kinds[type(job)]
        trainer = None
        if kind.needs_trainer:
            assert self._executor is not None
            trainer = self._executor.take(job.devices)
        context = WorkerContext(self._identity, self._queue, self._stopping, self._reaper)
        attempt = kind(context, claimed, job, trainer)

        def run() -> None:
            try:
                attempt.run()
            except Exception:  # logged here, because the job ends only when its lease runs out
                log.exception("job %s: the worker broke", job.uid)
            finally:
                lane.release()
                self._attempts.discard(thread)
                self._trainings.discard(thread)

        thread = threading.Thread(target=run, name=f"pegbox-{job.uid}")
        self._attempts.add(thread)
        if kind.needs_trainer:
            self._trainings.add(thread)
        thread.start()

    def _send_leftover_metrics(self) -> None:
        """Sends metrics that earlier processes could not deliver and left in the outbox."""
        from pegbox.sdk.recording.recovery import send_orphaned_outboxes

        identity = self._identity
        send_orphaned_outboxes(identity.monitor_url, identity.token, identity.home / "worker" / "outbox", except_run="")

    def _shut_down(self) -> None:
        """Stops claiming, ends the running jobs and reports them."""
        self._stopping.set()
        for lane in self._lanes:
            lane.stop()
        try:
            self._queue.leave(self._identity.worker_id)
        except PegboxError as error:
            log.info("the backend does not know that this worker leaves: %s", error.message)
        else:
            for lane in self._lanes:
                lane.join(LEAVE_SECONDS)
        while not self._messages.empty():  # trainings that were claimed while stopping are declined
            with contextlib.suppress(PegboxError):
                self._handle_message()
        for thread in list(self._attempts):
            thread.join()
        if self._executor is not None:
            self._executor.close()
        if self._reaper is not None:
            self._reaper.close()
