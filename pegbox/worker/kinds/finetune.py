"""Attends to one fine-tuning job: brings its data, hands it to a child, watches, and reports how it ended."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from pathlib import Path

from pegbox.errors import ConflictError, PegboxError, UnavailableError
from pegbox.schemas.jobs.queue import ClaimResponse, ReportRequest, TrainingSpec
from pegbox.sdk.resources.queue import Queue
from pegbox.worker.assignment import Assignment
from pegbox.worker.executors.local import Child
from pegbox.worker.identity import WorkerIdentity
from pegbox.worker.job_folder import JobFolder
from pegbox.worker.lease import Lease
from pegbox.worker.report import LAST_REPORT_SECONDS, send_report
from pegbox.worker.trainer_exit import conclude

log = logging.getLogger("pegbox.worker")

WATCH_SECONDS = 0.2
STOP_GRACE_SECONDS = {"cancel": 60.0, "pause": 600.0, "run": 600.0}
"""How long a child may take to finish its step and save before it is killed; its last checkpoint remains."""


class TrainingJob:
    """`run` in a thread of its own; `stopping` is set when the worker is told to leave."""

    def __init__(
        self,
        identity: WorkerIdentity,
        queue: Queue,
        claimed: ClaimResponse,
        job: TrainingSpec,
        child: Child,
        stopping: threading.Event,
    ) -> None:
        self._identity = identity
        self._queue = queue
        self._claimed = claimed
        self._job = job
        self._child = child
        self._stopping = stopping

    def run(self) -> None:
        job, token = self._job, self._claimed.claim_token
        folder = JobFolder(self._identity.home, job.uid, job.model_id)
        log.info("job %s: attempt %d of '%s'", job.uid, job.attempt, job.name)
        lease = Lease(self._queue, self._claimed)
        lease.start()
        try:
            try:
                folder.create()
                self._bring_dataset(folder)
            except UnavailableError:
                self._child.kill()
                report = ReportRequest(claim_token=token, outcome="interrupted", error="The dataset did not arrive.")
            except (PegboxError, OSError) as error:
                self._child.kill()
                report = ReportRequest(claim_token=token, outcome="failed", error=str(error))
            else:
                report = self._train(lease, folder)
        finally:
            lease.stop()
        if lease.lost:
            log.warning("job %s: the lease was lost; the job is no longer this worker's", job.uid)
            return
        log.info("job %s: %s%s", job.uid, report.outcome, f": {report.error}" if report.error else "")
        self._close_run(report)
        send_report(self._queue, job.uid, report, self._stopping)

    def _bring_dataset(self, folder: JobFolder) -> None:
        """Fetches the rows unless an earlier attempt did, and checks that they are the ones the job means."""
        wanted = self._job.dataset.sha256
        if folder.dataset.is_file() and _sha256(folder.dataset) == wanted:
            return
        fetched = folder.dataset.with_suffix(".partial")
        self._queue.fetch_dataset(self._job.uid, self._claimed.claim_token, fetched)
        if _sha256(fetched) != wanted:
            fetched.unlink()
            raise ConflictError("The dataset file that arrived is not the one that the job was created with.")
        fetched.rename(folder.dataset)

    def _train(self, lease: Lease, folder: JobFolder) -> ReportRequest:
        """Waits for the child's end; passes on what is wanted."""
        identity, child = self._identity, self._child
        child.assign(
            Assignment(job=self._job, home=identity.home, monitor_url=identity.monitor_url, token=identity.token)
        )
        lease.follow(child)
        asked_at: float | None = None
        while (code := child.wait(WATCH_SECONDS)) is None:
            stopping = self._stopping.is_set()
            if lease.lost:
                child.kill()
            elif stopping or lease.wanted != "run":
                if asked_at is None:
                    asked_at = time.monotonic()
                    log.info("stopping the training (%s)", "worker stops" if stopping else lease.wanted)
                    child.stop()
                elif time.monotonic() - asked_at > STOP_GRACE_SECONDS[lease.wanted]:
                    child.kill()
        return conclude(code, lease.wanted, folder, self._claimed.claim_token, child.latest.step)

    def _close_run(self, report: ReportRequest) -> None:
        """Tells the monitor what the child could not: that the run is paused or cancelled, or died without a word."""
        status = {"paused": "paused", "cancelled": "cancelled", "failed": "failed"}.get(report.outcome)
        if status is None:
            return
        from pegbox.sdk.recording.current import init

        identity, job = self._identity, self._job
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
