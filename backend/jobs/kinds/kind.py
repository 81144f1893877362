"""The interface of a kind of job."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

from sqlmodel import Session

from backend.jobs.lifecycle import Verb
from backend.jobs.progress import Progress
from pegbox.schemas.jobs.job import JobView
from pegbox.schemas.jobs.queue import Capabilities, Phase, ReportRequest
from pegbox.schemas.jobs.request import JobRequest
from pegbox.settings import Settings
from pegbox.store.tables import Job, Run


class Kind(ABC):
    """What differs between kinds of jobs. An instance has no state; `backend.jobs.kinds` registers one per kind."""

    name: str

    spec_kind: str
    """The kind of the specification in a claim, which decides what the worker runs."""

    lane: Literal["training", "command"]
    """The lane of claims for jobs without GPUs."""

    first_phase: Phase | None = None
    """The phase right after the claim."""

    pauses_while_running: bool = False
    """Whether a running job can save its state and continue later."""

    charts_its_run: bool = False
    """Whether the page of the job shows the curves of its run."""

    created_message: str = "Job submitted successfully"
    cancelling_message: str = "Job is being stopped"

    # --- creating

    @abstractmethod
    def create(
        self, db: Session, settings: Settings, body: Any, *, strict: bool = False, source: Job | None = None
    ) -> Job:
        """Stores a job and, unless the request says otherwise, queues the job. A clone names its `source`.

        Raises `ValidationError` for a request that can never run; with `strict` also for references that do not resolve.
        """

    @abstractmethod
    def clone_request(self, db: Session, source: Job, changes: dict[str, Any]) -> JobRequest:
        """The request of the source with some keys replaced. Raises pydantic's `ValidationError`."""

    @abstractmethod
    def queue(self, db: Session, settings: Settings, uid: str) -> Job:
        """Puts a created job into the queue. Raises `ConflictError`, or `ValidationError` if references do not resolve."""

    # --- claiming

    @abstractmethod
    def is_runnable_by(self, capabilities: Capabilities) -> Any:
        """SQL: whether a worker can run a `Job` of this kind in the query."""

    @abstractmethod
    def can_run(self, capabilities: Capabilities, job: Job) -> bool:
        """Whether a worker can run this job."""

    @abstractmethod
    def no_worker_reason(self, job: Job) -> str:
        """A sentence for a job that no live worker can run."""

    # --- ending

    @abstractmethod
    def after_interruption(self, job: Job, reason: str, max_stalled_attempts: int) -> Verb:
        """Records an attempt that ended without a report in the job, and returns the next verb. The caller moves the job."""

    def after_failure(self, job: Job) -> Verb:
        """The verb that follows a failed attempt."""
        return "fail"

    @abstractmethod
    def keep_report(self, db: Session, job: Job, body: ReportRequest) -> None:
        """Stores the content of the report, and the results of an attempt that completed or failed."""

    # --- showing

    def status(self, job: Job) -> str:
        """The state in the terms of the kind's published API."""
        return job.state

    @abstractmethod
    def show(
        self, common: dict[str, Any], job: Job, run: Run | None, progress: Progress, metrics: dict[str, Any]
    ) -> JobView:
        """The view of a job, from the fields that all kinds share."""

    @abstractmethod
    def parameters(self, job: Job) -> dict[str, Any]:
        """The settings of a job for comparisons, without secrets."""
