"""What can be done with jobs."""

from __future__ import annotations

import shutil
from typing import Any, cast

from sqlmodel import Session

from backend.experiments import service as experiments
from backend.identifiers import base36, new_job_uid, now_ms
from backend.jobs import commands, dependencies, lifecycle, repository
from backend.jobs.counts import count_by_state
from backend.jobs.gpu_wish import gpu_count_of
from backend.jobs.validation import Checked, check
from pegbox.errors import ConflictError, NotFoundError, ValidationError
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.command import CommandCreate
from pegbox.schemas.jobs.job import FinetuneCreate, JobConfiguration, JobState
from pegbox.schemas.jobs.queue import ModelSaving
from pegbox.settings import Settings
from pegbox.store.database import begin_write
from pegbox.store.tables import Job, now


def find_locked_job(db: Session, uid: str) -> Job | None:
    """The job, unchanged by anyone else until the caller commits. Must be the first thing a session does."""
    return repository.lock_job(db, uid)


def count_jobs(db: Session, state: str | None = None) -> int:
    """How many jobs there are, in one state or in all."""
    counts = count_by_state(db)
    return sum(counts.values()) if state is None else counts.get(state, 0)


def find_job(db: Session, uid: str) -> Job | None:
    return repository.find_job(db, uid)


def get_job(db: Session, uid: str) -> Job:
    """Raises `NotFoundError`."""
    job = repository.find_job(db, uid)
    if job is None:
        raise NotFoundError(f"Job UID not found: {uid}")
    return job


def create_job(db: Session, settings: Settings, body: FinetuneCreate | CommandCreate, *, strict: bool = False) -> Job:
    """Stores the job, and queues it when everything it refers to is there. See `create_finetune` and `create_command`."""
    if isinstance(body, CommandCreate):
        return commands.create_command(db, body)
    return create_finetune(db, settings, body, strict=strict)


def create_finetune(
    db: Session, settings: Settings, body: FinetuneCreate, *, strict: bool = False, source: Job | None = None
) -> Job:
    """A fine-tuning job; one whose references cannot be resolved is kept as `created`.

    With `strict`, raises `ValidationError` naming every problem instead of keeping a job that cannot run. An unknown
    `experiment_id` or job in `depends_on` and GPUs that are not there are refused with or without it.
    """
    gpu_count = gpu_count_of(db, body)
    checked = check(db, settings, body.configuration, body.model_saving)
    if strict and checked.errors:
        raise _refused(checked.errors)
    db.rollback()
    begin_write(db)
    needed = dependencies.find_needed(db, body.depends_on)
    experiment = experiments.place_job(db, body.experiment_id, body.experiment or body.name)
    job = _new_job(db, body, checked, gpu_count, experiment.id)
    job.source_job = source.uid if source else None
    if body.auto_start and not checked.errors:
        _queue(job, checked)
    db.add(job)
    db.flush()
    dependencies.add(db, job, needed)
    db.commit()
    return job


def start_job(db: Session, settings: Settings, uid: str) -> Job:
    """Queues a created (or paused) job; its references are checked again. Raises ConflictError or ValidationError."""
    job = get_job(db, uid)
    if not lifecycle.can(_state(job), "start"):
        raise ConflictError(f"A job that is {job.state} cannot be started")
    if job.archived_at:
        raise ConflictError("An archived job cannot be started; restore it first")
    if job.state == "paused":
        return resume_job(db, uid)
    if job.kind == "command":
        return _start_command(db, uid)
    checked = check(
        db,
        settings,
        JobConfiguration.model_validate(
            {
                "model": job.configuration["model"],
                "dataset": job.configuration["dataset"],
                "hyperparameters": job.configuration["given"],
            }
        ),
        ModelSaving.model_validate(job.model_saving),
    )
    db.rollback()
    job = _lock(db, uid)
    lifecycle.next_state(_state(job), "start")
    job.validation = checked.validation.model_dump(mode="json", by_alias=True)
    job.hyperparameters = checked.hyperparameters.model_dump(mode="json")
    if not checked.errors:
        _queue(job, checked)
    _touch(db, job)
    if checked.errors:
        raise _refused(checked.errors)
    return job


def _start_command(db: Session, uid: str) -> Job:
    job = _lock(db, uid)
    lifecycle.next_state(_state(job), "start")
    commands.queue_command(job)
    return _touch(db, job)


def pause_job(db: Session, uid: str) -> Job:
    """A queued job pauses at once; a running one when its worker hears of it and has saved. Raises `ConflictError` for a
    command that runs: it has no checkpoint to go on from."""
    job = _lock(db, uid)
    following = lifecycle.next_state(_state(job), "pause")
    if job.kind == "command" and job.state == "running":
        raise ConflictError("A running command cannot be paused; cancel it, and restart it later")
    if job.state == "running":
        if job.wanted == "cancel":
            raise ConflictError("The job is being cancelled")
        job.wanted = "pause"
    else:
        job.state, job.wanted = following, "pause"
    return _touch(db, job)


def resume_job(db: Session, uid: str) -> Job:
    """A paused job goes back to the queue; one that was about to pause just goes on."""
    job = _lock(db, uid)
    if job.state == "running" and job.wanted == "pause":
        job.wanted = "run"
        return _touch(db, job)
    job.state = lifecycle.next_state(_state(job), "resume")
    job.wanted, job.queued_at, job.stalled_attempts = "run", now(), 0
    job.claim_token, job.lease_expires_at = None, None
    return _touch(db, job)


def cancel_job(db: Session, uid: str) -> Job:
    """Ends a job; a running one when its worker hears of it."""
    job = _lock(db, uid)
    following = lifecycle.next_state(_state(job), "cancel")
    job.wanted = "cancel"
    if job.state != "running":
        job.state, job.completed_at, job.lease_expires_at, job.retry_at = following, now(), None, None
        dependencies.end_dependents(db, job)
    return _touch(db, job)


def archive_job(db: Session, uid: str, *, archived: bool) -> Job:
    """Puts a job that has ended or never started out of sight of the dashboard's list, or back. Raises ConflictError."""
    job = _lock(db, uid)
    if archived and job.state not in (*lifecycle.TERMINAL, "created"):
        raise ConflictError(f"Job '{uid}' is {job.state}; only a job that has ended or never started can be archived")
    job.archived_at = (job.archived_at or now()) if archived else None
    return _touch(db, job)


def delete_job(db: Session, settings: Settings, uid: str) -> None:
    """Removes a job that has ended or never started, with its folder; its registered model stays. Raises ConflictError."""
    job = _lock(db, uid)
    if job.state not in (*lifecycle.TERMINAL, "created"):
        raise ConflictError(f"Job '{uid}' is {job.state}; cancel it first")
    if dependencies.has_dependents(db, job):
        raise ConflictError(f"Other jobs wait for job '{uid}'; cancel them first")
    dependencies.forget(db, job)
    db.delete(job)
    db.commit()
    shutil.rmtree(settings.jobs_dir / job.uid, ignore_errors=True)


def _lock(db: Session, uid: str) -> Job:
    job = repository.lock_job(db, uid)
    if job is None:
        raise NotFoundError(f"Job UID not found: {uid}")
    return job


def _touch(db: Session, job: Job) -> Job:
    job.updated_at = now()
    db.add(job)
    db.commit()
    return job


def _state(job: Job) -> JobState:
    return cast(JobState, job.state)


def _queue(job: Job, checked: Checked) -> None:
    saving = ModelSaving.model_validate(job.model_saving)
    job.state = lifecycle.next_state(_state(job), "start")
    job.queued_at, job.wanted = now(), "run"
    job.spec = checked.spec(uid=job.uid, name=job.name, run_id=job.run_id, model_id=job.model_id, saving=saving)


def _refused(errors: list[str]) -> ValidationError:
    findings: list[dict[str, Any]] = [{"loc": ["body", "configuration"], "msg": text} for text in errors]
    return ValidationError(f"The job cannot be queued: {'; '.join(errors)}", errors=findings)


def _new_job(db: Session, body: FinetuneCreate, checked: Checked, gpu_count: int, experiment_id: str) -> Job:
    configuration, at_ms, created_at = body.configuration, now_ms(), now()
    content = {
        "name": body.name,
        "model": configuration.model.uid,
        "dataset": configuration.dataset.uid,
        "hyperparameters": configuration.hyperparameters.uid,
        "createdAt": utc_text(created_at),
    }
    uid = new_job_uid(content, at_ms)
    while repository.find_job(db, uid) is not None:
        at_ms += 1
        uid = new_job_uid(content, at_ms)
    return Job(
        uid=uid,
        name=body.name,
        description=body.description,
        tags=body.tags,
        configuration={
            "model": _reference(configuration.model.uid, configuration.model.name, checked.model),
            "dataset": _reference(configuration.dataset.uid, configuration.dataset.name, checked.dataset),
            "given": configuration.hyperparameters.model_dump(mode="json", exclude_unset=True),
        },
        hyperparameters=checked.hyperparameters.model_dump(mode="json"),
        model_saving=body.model_saving.model_dump(mode="json", by_alias=True),
        validation=checked.validation.model_dump(mode="json", by_alias=True),
        priority=body.priority,
        gpu_count=gpu_count,
        experiment_id=experiment_id,
        run_id=f"run-{base36(8)}",
        model_id=f"model-{base36(6)}",
        created_at=created_at,
        updated_at=created_at,
    )


def _reference(uid: str, name: str, found: Any) -> dict[str, str]:
    """As it was posted; the record's name where none was given."""
    return {"uid": uid, "name": name or (found.name if found is not None else uid)}
