"""The worker: claims queued jobs over HTTP, lane by lane, and gives each to a thread that attends to it.

The main thread starts the trainer's processes (they end with the thread that started them) and hears signals; everything that
waits for the network or for a job does so elsewhere.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from pegbox.errors import PegboxError, UnavailableError
from pegbox.schemas.jobs.queue import (
    Capabilities,
    ClaimRequest,
    ClaimResponse,
    CommandSpec,
    Device,
    ReportRequest,
    TrainingSpec,
)
from pegbox.schemas.jobs.queue import Lane as LaneName
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.executors.local import LocalExecutor
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.kinds.command import CommandJob
from pegbox.worker.kinds.finetune import TrainingJob
from pegbox.worker.lane import Lane
from pegbox.worker.processes.reaper import Reaper
from pegbox.worker.report import send_report

log = logging.getLogger("pegbox.worker")

CLAIM_WAIT_SECONDS = 20.0
WARMING_WAIT_SECONDS = 2.0
"""A claim for GPUs is short while the trainer is not ready: the next one can name the methods."""

LOOK_SECONDS = 0.2
"""Between two looks at the waiting trainer."""

LEAVE_SECONDS = 3.0
"""How long a stopping worker waits for the claims that it has under way."""


class Worker:
    """Runs jobs until it is told to stop: trainings with `executor` (None: not at all), commands when `slots` is not 0.

    `slots` commands without a GPU run at a time; jobs with GPUs run as long as there are `devices`.
    """

    def __init__(
        self,
        identity: WorkerIdentity,
        queue_client: Queue,
        executor: LocalExecutor | None,
        *,
        slots: int = 0,
        devices: Sequence[Device] = (),
    ) -> None:
        self._identity = identity
        self._queue = queue_client
        self._executor = executor
        self._slots = slots
        self._devices = list(devices)
        self._trainer = Capabilities()
        self._is_warm = False
        self._stopping = threading.Event()
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._attending: set[threading.Thread] = set()
        self._training: set[threading.Thread] = set()
        self._lanes = self._make_lanes()
        self._reaper: Reaper | None = None

    def run(self) -> None:
        """Claims and runs until SIGTERM or SIGINT.

        Raises `UnavailableError` when no trainer can start on this machine and no commands are run either, and whatever error
        the backend gives that waiting does not mend.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if self._slots:
            self._reaper = Reaper()
        try:
            self._send_leftovers()
            self._warm_up()
            for lane in self._lanes:
                lane.start()
            while not self._stopping.is_set():
                self._next_message()
                self._warm_up()
        finally:
            self._leave()
        log.info("worker stopped")

    def _make_lanes(self) -> list[Lane]:
        rooms: list[tuple[LaneName, int]] = [
            ("training", 1 if self._executor else 0),
            ("command", self._slots),
            ("gpu", len(self._devices)),
        ]
        return [
            Lane(name, room, self._queue, lambda name=name: self._request(name), self._on_claim, self._on_failure)  # type: ignore[misc]
            for name, room in rooms
            if room
        ]

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()
        self._inbox.put(None)

    def _next_message(self) -> None:
        try:
            message = self._inbox.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            return
        if message is not None:
            message()

    def _warm_up(self) -> None:
        """Keeps a trainer waiting while there is room for another training, and takes note of what it can do once it says so."""
        if self._executor is None or len(self._training) >= max(1, len(self._devices)):
            return
        spare = self._executor.spare()
        if spare.capabilities is None and spare.poll() is None:
            return
        try:
            self._trainer = spare.wait_until_ready()
        except UnavailableError as error:
            if not self._slots:
                raise
            log.warning("%s; only commands are run", error.message)
            self._executor.close()
            self._executor = None
        self._is_warm = self._executor is not None

    def _request(self, lane: LaneName) -> ClaimRequest | None:
        """What a lane asks for now."""
        if lane == "training" and not self._is_warm:
            return None
        warms = self._executor is not None and not self._is_warm
        return ClaimRequest(
            worker_id=self._identity.worker_id,
            hostname=self._identity.hostname,
            capabilities=self._trainer.model_copy(
                update={"devices": self._devices, "commands": self._slots > 0, "is_warming": warms}
            ),
            lane=lane,
            wait_seconds=WARMING_WAIT_SECONDS if lane == "gpu" and warms else CLAIM_WAIT_SECONDS,
        )

    def _on_claim(self, lane: Lane, claimed: ClaimResponse) -> None:
        """In the lane's thread: a command begins at once, a training when the main thread has a child for it."""
        if isinstance(claimed.job, CommandSpec):
            self._begin(lane, claimed)
        else:
            self._inbox.put(lambda: self._begin(lane, claimed))

    def _on_failure(self, error: PegboxError) -> None:
        def give_up() -> None:
            raise error

        self._inbox.put(give_up)

    def _begin(self, lane: Lane, claimed: ClaimResponse) -> None:
        if self._stopping.is_set():
            declined = ReportRequest(claim_token=claimed.claim_token, outcome="declined")
            send_report(self._queue, claimed.job.uid, declined, self._stopping)
            return
        attend = self._attendant(claimed)

        def run() -> None:
            try:
                attend()
            except Exception:  # the thread's end must not go unnoticed; the lease then runs out
                log.exception("job %s: the worker broke", claimed.job.uid)
            finally:
                lane.done()
                self._attending.discard(thread)
                self._training.discard(thread)

        thread = threading.Thread(target=run, name=f"pegbox-{claimed.job.uid}")
        self._attending.add(thread)
        if isinstance(claimed.job, TrainingSpec):
            self._training.add(thread)
        thread.start()

    def _attendant(self, claimed: ClaimResponse) -> Callable[[], None]:
        job = claimed.job
        if isinstance(job, TrainingSpec):
            assert self._executor is not None
            child = self._executor.take(job.devices)
            return TrainingJob(self._identity, self._queue, claimed, job, child, self._stopping).run
        assert self._reaper is not None
        return CommandJob(self._identity, self._queue, claimed, job, self._reaper, self._stopping).run

    def _send_leftovers(self) -> None:
        """Metrics that a killed process, or one that ended while the monitor was away, left on disk."""
        from pegbox.sdk.recording.recovery import send_orphaned_outboxes

        identity = self._identity
        send_orphaned_outboxes(identity.monitor_url, identity.token, identity.home / "worker" / "outbox", except_run="")

    def _leave(self) -> None:
        """Takes no more work, ends what runs, and reports it."""
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
        while not self._inbox.empty():  # trainings that came in the last moment are given back
            with contextlib.suppress(PegboxError):
                self._next_message()
        for thread in list(self._attending):
            thread.join()
        if self._executor is not None:
            self._executor.close()
        if self._reaper is not None:
            self._reaper.close()
