"""Fine-tuning jobs: fetches the dataset, assigns the job to a trainer process and watches the process."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path
from typing import ClassVar

from pegbox.errors import ConflictError, PegboxError, UnavailableError
from pegbox.schemas.jobs.queue import Phase, ReportRequest, TrainingSpec
from pegbox.worker.assignment import Assignment
from pegbox.worker.attempt import Attempt
from pegbox.worker.executors.executor import TrainerProcess
from pegbox.worker.job_folder import JobFolder
from pegbox.worker.lease import Lease
from pegbox.worker.report import LAST_REPORT_SECONDS
from pegbox.worker.trainer_exit import report_exit

log = logging.getLogger("pegbox.worker")

POLL_SECONDS = 0.2
STOP_GRACE_SECONDS = {"cancel": 60.0, "pause": 600.0, "run": 600.0}
"""How long a trainer may take to finish its step and save, by what is wanted. After that it is killed and resumes from its last
checkpoint."""


class FinetuneAttempt(Attempt[TrainingSpec]):
    """One attempt at a fine-tuning job."""

    needs_trainer = True
    first_phase: ClassVar[Phase | None] = "prepare"

    def execute(self, lease: Lease) -> ReportRequest:
        trainer = self.trainer
        assert trainer is not None
        folder = JobFolder(self.identity.home, self.job.uid, self.job.model_id)
        try:
            folder.create()
            self._fetch_dataset(folder)
        except UnavailableError:
            trainer.kill()
            return ReportRequest(
                claim_token=self.claim_token, outcome="interrupted", error="The dataset did not arrive."
            )
        except (PegboxError, OSError) as error:
            trainer.kill()
            return ReportRequest(claim_token=self.claim_token, outcome="failed", error=str(error))
        return self._train(trainer, lease, folder)

    def before_report(self, report: ReportRequest) -> None:
        """Sets the run's status at the monitor: the trainer does not know whether it was paused or cancelled, or was killed."""
        status = {"paused": "paused", "cancelled": "cancelled", "failed": "failed"}.get(report.outcome)
        if status is None:
            return
        from pegbox.sdk.recording.current import init

        identity, job = self.identity, self.job
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

    def _fetch_dataset(self, folder: JobFolder) -> None:
        """Downloads the dataset unless an earlier attempt did. Raises `ConflictError` when its SHA-256 is not the job's."""
        expected = self.job.dataset.sha256
        if folder.dataset.is_file() and _sha256(folder.dataset) == expected:
            return
        partial = folder.dataset.with_suffix(".partial")
        self.queue.fetch_dataset(self.job.uid, self.claim_token, partial)
        if _sha256(partial) != expected:
            partial.unlink()
            raise ConflictError("The dataset file that arrived is not the one that the job was created with.")
        partial.rename(folder.dataset)

    def _train(self, trainer: TrainerProcess, lease: Lease, folder: JobFolder) -> ReportRequest:
        """Assigns the job and waits for the end of the trainer process, which is stopped or killed when the job must end."""
        identity = self.identity
        trainer.assign(
            Assignment(job=self.job, home=identity.home, monitor_url=identity.monitor_url, token=identity.token)
        )
        lease.report_progress(lambda: trainer.latest)
        stop_sent_at: float | None = None
        while (code := trainer.wait(POLL_SECONDS)) is None:
            stopping = self.stopping.is_set()
            if lease.lost:
                trainer.kill()
            elif stopping or lease.wanted != "run":
                if stop_sent_at is None:
                    stop_sent_at = time.monotonic()
                    log.info("stopping the training (%s)", "worker stops" if stopping else lease.wanted)
                    trainer.stop()
                elif time.monotonic() - stop_sent_at > STOP_GRACE_SECONDS[lease.wanted]:
                    trainer.kill()
        return report_exit(code, lease.wanted, folder, self.claim_token, trainer.latest.step)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
