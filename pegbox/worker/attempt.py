"""One attempt at a claimed job: the part that is the same for every kind of job."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from pegbox.schemas.jobs.queue import ClaimResponse, Phase, ReportRequest
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.executors.executor import TrainerProcess
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.lease import Lease
from pegbox.worker.processes.reaper import Reaper
from pegbox.worker.report import send_report

log = logging.getLogger("pegbox.worker")


class JobSpec(Protocol):
    """What the spec of every kind of job has."""

    uid: str
    name: str
    attempt: int


Spec = TypeVar("Spec", bound=JobSpec)


@dataclass(frozen=True)
class WorkerContext:
    """What every attempt of a worker shares. `stopping` is set when the worker stops; `reaper` is absent without command slots."""

    identity: WorkerIdentity
    queue: Queue
    stopping: threading.Event
    reaper: Reaper | None = None


class Attempt(ABC, Generic[Spec]):
    """One attempt at a claimed job, run in a thread of its own.

    A kind of job is a subclass that implements `execute`; `pegbox.worker.kinds.registry` lists them. An attempt of a kind that
    `needs_trainer` gets a trainer process of its own; others run in a slot.
    """

    needs_trainer: ClassVar[bool] = False
    first_phase: ClassVar[Phase | None] = None
    """The phase that is reported until `execute` reports progress."""

    def __init__(
        self, context: WorkerContext, claimed: ClaimResponse, job: Spec, trainer: TrainerProcess | None = None
    ) -> None:
        self.identity = context.identity
        self.queue = context.queue
        self.stopping = context.stopping
        self.reaper = context.reaper
        self.claim_token = claimed.claim_token
        self.job = job
        self.trainer = trainer
        self._claimed = claimed

    @abstractmethod
    def execute(self, lease: Lease) -> ReportRequest:
        """Executes the job and says how the attempt ended.

        Returns early when `lease.lost`, when `lease.wanted` is no longer `run`, or when `stopping` is set.
        """

    def before_report(self, report: ReportRequest) -> None:
        """Called after the last heartbeat and before the report is sent; not called when the lease was lost."""

    def run(self) -> None:
        """Executes the job under its lease and reports how the attempt ended, unless the lease was lost."""
        job = self.job
        log.info("job %s: attempt %d of '%s'", job.uid, job.attempt, job.name)
        lease = Lease(self.queue, self._claimed, self.first_phase)
        lease.start()
        try:
            report = self.execute(lease)
        finally:
            lease.stop()
        if lease.lost:
            log.warning("job %s: the lease was lost; the job is no longer this worker's", job.uid)
            return
        log.info("job %s: %s%s", job.uid, report.outcome, f": {report.error}" if report.error else "")
        self.before_report(report)
        send_report(self.queue, job.uid, report, self.stopping)
