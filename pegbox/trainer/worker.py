"""The worker: claims queued jobs over HTTP, runs each in a child process, keeps its lease alive and reports how it ended."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from pegbox.errors import ConflictError, PegboxError, UnavailableError
from pegbox.schemas.queue import (
    Capabilities,
    ClaimRequest,
    ClaimResponse,
    JobSpec,
    ReportRequest,
)
from pegbox.sdk.queue import Queue
from pegbox.trainer.assignment import Assignment
from pegbox.trainer.conclusion import conclude
from pegbox.trainer.executors.local import Child, LocalExecutor
from pegbox.trainer.job_folder import JobFolder
from pegbox.trainer.lease import Lease

log = logging.getLogger("pegbox.worker")

CLAIM_WAIT_SECONDS = 20.0
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Pauses while the backend is out of reach; the last one repeats."""

WATCH_SECONDS = 0.2
STOP_GRACE_SECONDS = {"cancel": 60.0, "pause": 600.0, "run": 600.0}
"""How long a child may take to finish its step and save before it is killed; its last checkpoint remains."""

LAST_REPORT_SECONDS = 10.0
"""How long a worker that is told to stop tries to tell the backend how its job ended."""


class Stopping(BaseException):
    """Raised by the signal handler out of an idle wait."""


@dataclass(frozen=True)
class WorkerIdentity:
    """Who asks for work, and where the services are."""

    home: Path
    monitor_url: str
    token: str | None = None
    hostname: str = field(default_factory=socket.gethostname)

    @property
    def worker_id(self) -> str:
        """Unique per process."""
        return f"{self.hostname[:80]}-{os.getpid()}"


class Worker:
    """Runs one job at a time until it is told to stop."""

    def __init__(self, identity: WorkerIdentity, queue: Queue, executor: LocalExecutor) -> None:
        self._identity = identity
        self._queue = queue
        self._executor = executor
        self._stopping = False
        self._idle = False

    def run(self) -> None:
        """Claims and trains until SIGTERM or SIGINT. Raises UnavailableError when no trainer can start on this machine."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            while not self._stopping:
                self._send_leftovers()
                capabilities = self._wait_for_trainer()
                claimed = self._claim(capabilities)
                if claimed:
                    self._attend(claimed)
        except Stopping:
            pass
        finally:
            self._executor.close()
        log.info("worker stopped")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if self._idle:
            raise Stopping

    def _wait_for_trainer(self) -> Capabilities:
        self._idle = True
        try:
            return self._executor.spare().wait_until_ready()
        finally:
            self._idle = False

    def _send_leftovers(self) -> None:
        """Metrics that a killed child, or one that ended while the monitor was away, left on disk."""
        from pegbox.sdk.leftovers import send_leftovers

        identity = self._identity
        send_leftovers(identity.monitor_url, identity.token, identity.home / "worker" / "outbox", except_run="")

    def _claim(self, capabilities: Capabilities) -> ClaimResponse | None:
        """The next job; `None` after a while without one, so that a spare child that died is noticed."""
        request = ClaimRequest(
            worker_id=self._identity.worker_id,
            hostname=self._identity.hostname,
            capabilities=capabilities,
            wait_seconds=CLAIM_WAIT_SECONDS,
        )
        at_once = request.model_copy(
            update={"wait_seconds": 0}
        )  # a backend that is back says so without waiting for a job
        failures = 0
        self._idle = True
        try:
            while True:
                try:
                    claimed = self._queue.claim(at_once if failures else request)
                except PegboxError as error:
                    if not _passes(error):
                        raise
                    if failures == 0:
                        log.warning("waiting for the backend: %s", error.message)
                    time.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                    failures += 1
                    continue
                if failures:
                    log.info("the backend answers again")
                return claimed
        finally:
            self._idle = False

    def _attend(self, claimed: ClaimResponse) -> None:
        job = claimed.job
        folder = JobFolder(self._identity.home, job.uid, job.model_id)
        log.info("job %s: attempt %d of '%s'", job.uid, job.attempt, job.name)
        lease = Lease(self._queue, claimed)
        lease.start()
        try:
            try:
                folder.create()
                self._bring_dataset(claimed, folder)
            except UnavailableError:
                report = ReportRequest(
                    claim_token=claimed.claim_token, outcome="interrupted", error="The dataset did not arrive."
                )
            except (PegboxError, OSError) as error:
                report = ReportRequest(claim_token=claimed.claim_token, outcome="failed", error=str(error))
            else:
                report = self._watch(self._start(job), lease, folder, claimed.claim_token)
        finally:
            lease.stop()
        if lease.lost:
            log.warning("job %s: the lease was lost; the job is no longer this worker's", job.uid)
            return
        log.info("job %s: %s%s", job.uid, report.outcome, f": {report.error}" if report.error else "")
        self._close_run(job, report)
        self._report(job.uid, report)

    def _bring_dataset(self, claimed: ClaimResponse, folder: JobFolder) -> None:
        """Fetches the rows unless an earlier attempt did, and checks that they are the ones the job means."""
        wanted = claimed.job.dataset.sha256
        if folder.dataset.is_file() and _sha256(folder.dataset) == wanted:
            return
        fetched = folder.dataset.with_suffix(".partial")
        self._queue.fetch_dataset(claimed.job.uid, claimed.claim_token, fetched)
        if _sha256(fetched) != wanted:
            fetched.unlink()
            raise ConflictError("The dataset file that arrived is not the one that the job was created with.")
        fetched.rename(folder.dataset)

    def _start(self, job: JobSpec) -> Child:
        identity = self._identity
        return self._executor.start(
            Assignment(job=job, home=identity.home, monitor_url=identity.monitor_url, token=identity.token)
        )

    def _watch(self, child: Child, lease: Lease, folder: JobFolder, claim_token: str) -> ReportRequest:
        """Waits for the child's end; passes on what is wanted."""
        lease.follow(child)
        asked_at: float | None = None
        while (code := child.wait(WATCH_SECONDS)) is None:
            if lease.lost:
                child.kill()
            elif self._stopping or lease.wanted != "run":
                if asked_at is None:
                    asked_at = time.monotonic()
                    log.info("stopping the training (%s)", "worker stops" if self._stopping else lease.wanted)
                    child.stop()
                elif time.monotonic() - asked_at > STOP_GRACE_SECONDS[lease.wanted]:
                    child.kill()
        return conclude(code, lease.wanted, folder, claim_token, child.latest.step)

    def _close_run(self, job: JobSpec, report: ReportRequest) -> None:
        """Tells the monitor what the child could not: that the run is paused or cancelled, or died without a word."""
        status = {"paused": "paused", "cancelled": "cancelled", "failed": "failed"}.get(report.outcome)
        if status is None:
            return
        from pegbox.sdk.current import init

        identity = self._identity
        try:
            run = init(
                id=job.run_id,
                job_uid=job.uid,
                experiment=job.experiment,
                name=job.name,
                url=identity.monitor_url,
                token=identity.token,
                home=identity.home,
                require_monitor=False,
            )
            run.finish(status, timeout=LAST_REPORT_SECONDS)
        except (PegboxError, OSError) as error:
            log.warning("job %s: the monitor does not know yet how the run ended: %s", job.uid, error)

    def _report(self, uid: str, report: ReportRequest) -> None:
        """Tells the backend, however long it is away; a stopping worker gives up after a while (the lease then runs out)."""
        deadline = time.monotonic() + LAST_REPORT_SECONDS
        failures = 0
        while True:
            try:
                self._queue.report(uid, report)
                return
            except PegboxError as error:
                if not _passes(error):
                    log.warning("job %s: report refused: %s", uid, error)
                    return
                if self._stopping and time.monotonic() > deadline:
                    return
                time.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1


def _passes(error: PegboxError) -> bool:
    """Whether the backend, not the request, is at fault: it is away, starting or broken, and may come back."""
    return error.status >= 500


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
