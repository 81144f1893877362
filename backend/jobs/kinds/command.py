"""Command jobs: a program with its arguments, environment, retries and time limit."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, false, true

from backend.experiments.placement import place_job
from backend.identifiers import base36, new_job_uid, now_ms
from backend.jobs import dependencies, lifecycle, repository
from backend.jobs.gpu_request import gpu_count_of, wanted_devices_of
from backend.jobs.kinds.kind import Kind
from backend.jobs.kinds.retries import schedule_retry
from backend.jobs.progress import Progress
from backend.jobs.transition import state_of
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.command import CommandCreate, argv_of
from pegbox.schemas.jobs.environment import masked
from pegbox.schemas.jobs.job import JobValidation, JobView
from pegbox.schemas.jobs.queue import Capabilities, ReportRequest
from pegbox.settings import Settings
from pegbox.store.database import begin_write
from pegbox.store.tables import Job, Run, now


class Command(Kind):
    """Jobs that run a command in its own process group."""

    name = "command"
    spec_kind = "command"
    lane = "command"

    def create(
        self, db: Session, settings: Settings, body: CommandCreate, *, strict: bool = False, source: Job | None = None
    ) -> Job:
        """Raises `ValidationError` for missing GPUs, a dependency that cannot complete, or an unknown experiment."""
        gpu_count = gpu_count_of(db, body)
        wanted_devices = wanted_devices_of(db, body, gpu_count)
        db.rollback()
        begin_write(db)
        needed = dependencies.find_needed(db, body.depends_on)
        experiment = place_job(db, body.experiment_id, body.experiment or body.name)
        job = _new_job(db, body)
        job.gpu_count, job.wanted_devices, job.experiment_id = gpu_count, wanted_devices, experiment.id
        job.source_job = source.uid if source else None
        if body.auto_start:
            _queue(job)
        db.add(job)
        db.flush()
        dependencies.add_dependencies(db, job, needed)
        db.commit()
        return job

    def clone_request(self, db: Session, source: Job, changes: dict[str, Any]) -> CommandCreate:
        """Keeps dependencies, which must still be able to complete, unless the changes replace them."""
        uids = [job.uid for job in dependencies.list_needed(db, [source]).get(source.uid, [])]
        needed = [job.uid for job in dependencies.find_needed(db, uids)] if "depends_on" not in changes else []
        request = {
            "name": source.name,
            "description": source.description,
            "tags": source.tags,
            "command": source.command,
            "shell": source.shell,
            "environment": source.environment,
            "gpu_count": source.gpu_count,
            "priority": source.priority,
            "experiment_id": source.experiment_id,
            "depends_on": needed,
            "max_retries": source.max_retries,
            "timeout_seconds": source.timeout_seconds,
        }
        if "experiment" in changes and "experiment_id" not in changes:
            request.pop("experiment_id")
        return CommandCreate.model_validate({**request, **changes})

    def queue(self, db: Session, settings: Settings, uid: str) -> Job:
        job = repository.lock_existing(db, uid)
        _queue(job)
        return repository.save(db, job)

    def is_runnable_by(self, capabilities: Capabilities) -> Any:
        return true() if capabilities.commands else false()

    def can_run(self, capabilities: Capabilities, job: Job) -> bool:
        return capabilities.commands

    def no_worker_reason(self, job: Job) -> str:
        return "No worker that is present runs commands (pegbox worker --slots 2)"

    def after_interruption(self, job: Job, reason: str, max_stalled_attempts: int) -> lifecycle.Verb:
        """Another attempt if a retry is left."""
        job.error = reason
        if schedule_retry(job):
            return "interrupt"
        return "cancel" if job.wanted == "cancel" else "fail"

    def after_failure(self, job: Job) -> lifecycle.Verb:
        return "interrupt" if schedule_retry(job) else "fail"

    def keep_report(self, db: Session, job: Job, body: ReportRequest) -> None:
        job.results = {"metric_points": body.metric_points, "bad_metric_lines": body.bad_metric_lines}

    def status(self, job: Job) -> str:
        """`pending` until the command starts."""
        return "pending" if job.state in ("created", "queued") else job.state

    def show(
        self, common: dict[str, Any], job: Job, run: Run | None, progress: Progress, metrics: dict[str, Any]
    ) -> JobView:
        fields = {"command": job.command, "bad_metric_lines": job.results.get("bad_metric_lines", 0)}
        return JobView(**{**common, **fields})

    def parameters(self, job: Job) -> dict[str, Any]:
        return {"command": job.command, "gpu_count": job.gpu_count, **masked(job.environment)}


def _queue(job: Job) -> None:
    """Queues a created job with everything that a worker needs to run it. The caller commits."""
    job.state = lifecycle.next_state(state_of(job), "start")
    job.queued_at, job.wanted = now(), "run"
    job.spec = {
        "uid": job.uid,
        "id": job.id,
        "name": job.name,
        "run_id": job.run_id,
        "argv": argv_of(job.command or "", shell=job.shell),
        "environment": job.environment,
        "timeout_seconds": job.timeout_seconds,
        "tags": job.tags,
    }


def _new_job(db: Session, body: CommandCreate) -> Job:
    created_at = now()
    return Job(
        uid=_new_uid(db, body, utc_text(created_at)),
        id=_new_id(db),
        kind="command",
        name=body.name,
        description=body.description,
        tags=body.tags,
        validation=JobValidation(is_valid=True).model_dump(mode="json", by_alias=True),
        command=body.command,
        shell=body.shell,
        environment=body.environment,
        priority=body.priority,
        max_retries=body.max_retries,
        timeout_seconds=body.timeout_seconds,
        run_id=f"run-{base36(8)}",
        model_id="",
        created_at=created_at,
        updated_at=created_at,
    )


def _new_uid(db: Session, body: CommandCreate, created_at: str) -> str:
    at_ms = now_ms()
    content: dict[str, str | None] = {"name": body.name, "command": body.command, "createdAt": created_at}
    while repository.find_job(db, uid := new_job_uid(content, at_ms)) is not None:
        at_ms += 1
    return uid


def _new_id(db: Session) -> str:
    while repository.find_job(db, key := f"job-{base36(6)}") is not None:
        pass
    return key
