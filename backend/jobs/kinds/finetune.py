"""Fine-tuning jobs: a model, a dataset and hyperparameters."""

from __future__ import annotations

from typing import Any, cast

from sqlmodel import Session, col

from backend.experiments.placement import place_job
from backend.identifiers import base36, new_job_uid, now_ms
from backend.jobs import dependencies, lifecycle, repository
from backend.jobs.gpu_request import gpu_count_of
from backend.jobs.kinds.kind import Kind
from backend.jobs.kinds.training_result import keep_results
from backend.jobs.progress import Progress, number
from backend.jobs.transition import state_of
from backend.jobs.validation import Checked, check
from pegbox.errors import ValidationError
from pegbox.schemas.base import utc_text
from pegbox.schemas.jobs.hyperparameters import Hyperparameters
from pegbox.schemas.jobs.job import (
    FinetuneCreate,
    FinetuneView,
    JobConfiguration,
    JobResults,
    JobTraining,
    LiveMetrics,
    ShownConfiguration,
    ShownReference,
)
from pegbox.schemas.jobs.queue import Capabilities, ModelSaving, ReportRequest, Wanted
from pegbox.settings import Settings
from pegbox.store.database import begin_write
from pegbox.store.tables import Job, Run, now

COMMAND = "python -m pegbox.trainer.child"
"""The program of a fine-tuning job; the worker sends the job to its stdin."""


class Finetune(Kind):
    """Jobs that train a model. A job whose references do not resolve stays `created`."""

    name = "finetune"
    spec_kind = "finetune"
    lane = "training"
    first_phase = "prepare"
    pauses_while_running = True
    charts_its_run = True
    created_message = "Finetuning job created successfully"
    cancelling_message = "Job ends after its current step"

    def create(
        self, db: Session, settings: Settings, body: FinetuneCreate, *, strict: bool = False, source: Job | None = None
    ) -> Job:
        """Raises `ValidationError` for an unknown `experiment_id`, unknown dependencies and missing GPUs even without `strict`."""
        gpu_count = gpu_count_of(db, body)
        checked = check(db, settings, body.configuration, body.model_saving)
        if strict and checked.errors:
            raise _invalid(checked.errors)
        db.rollback()
        begin_write(db)
        needed = dependencies.find_needed(db, body.depends_on)
        experiment = place_job(db, body.experiment_id, body.experiment or body.name)
        job = _new_job(db, body, checked, gpu_count, experiment.id)
        job.source_job = source.uid if source else None
        if body.auto_start and not checked.errors:
            _queue(job, checked)
        db.add(job)
        db.flush()
        dependencies.add_dependencies(db, job, needed)
        db.commit()
        return job

    def clone_request(self, db: Session, source: Job, changes: dict[str, Any]) -> FinetuneCreate:
        request = {
            "name": source.name,
            "description": source.description,
            "tags": source.tags,
            "configuration": _requested_configuration(source),
            "modelSaving": source.model_saving,
            "priority": source.priority,
            "gpu_count": min(source.gpu_count, 1),
            "experiment_id": source.experiment_id,
        }
        if "experiment" in changes and "experiment_id" not in changes:
            request.pop("experiment_id")
        return FinetuneCreate.model_validate({**request, **changes})

    def queue(self, db: Session, settings: Settings, uid: str) -> Job:
        """Validates the references again before queueing the job."""
        job = repository.get_job(db, uid)
        configuration = JobConfiguration.model_validate(_requested_configuration(job))
        checked = check(db, settings, configuration, ModelSaving.model_validate(job.model_saving))
        db.rollback()
        job = repository.lock_existing(db, uid)
        lifecycle.next_state(state_of(job), "start")
        job.validation = checked.validation.model_dump(mode="json", by_alias=True)
        job.hyperparameters = checked.hyperparameters.model_dump(mode="json")
        if not checked.errors:
            _queue(job, checked)
        repository.save(db, job)
        if checked.errors:
            raise _invalid(checked.errors)
        return job

    def is_runnable_by(self, capabilities: Capabilities) -> Any:
        return col(Job.hyperparameters)["method"].as_string().in_(capabilities.methods)

    def can_run(self, capabilities: Capabilities, job: Job) -> bool:
        return job.hyperparameters.get("method") in capabilities.methods

    def no_worker_reason(self, job: Job) -> str:
        return f"No worker that is present trains with method '{job.hyperparameters.get('method')}'"

    def after_interruption(self, job: Job, reason: str, max_stalled_attempts: int) -> lifecycle.Verb:
        """Another attempt from the last checkpoint, unless several attempts in a row made no new step."""
        if not _made_progress(job):
            job.stalled_attempts += 1
        verb = lifecycle.after_interruption(cast(Wanted, job.wanted), job.stalled_attempts, max_stalled_attempts)
        if verb == "fail":
            job.error = f"Interrupted {job.stalled_attempts} times in a row without a new step. The last time: {reason}"
        return verb

    def keep_report(self, db: Session, job: Job, body: ReportRequest) -> None:
        if body.outcome == "paused":
            _made_progress(job)
        elif body.outcome in ("completed", "failed"):
            keep_results(db, job, body.result, register=body.outcome == "completed")

    def show(
        self, common: dict[str, Any], job: Job, run: Run | None, progress: Progress, metrics: dict[str, Any]
    ) -> FinetuneView:
        fields = {
            "configuration": _show_configuration(job),
            "model_saving": ModelSaving.model_validate(job.model_saving),
            "training": _show_training(job, progress, metrics),
            "results": JobResults.model_validate({key: value for key, value in job.results.items() if key != "detail"}),
            "live_metrics": _show_live(job, run, progress) if job.state == "running" else None,
            "command": COMMAND,
        }
        return FinetuneView(**{**common, **fields})

    def parameters(self, job: Job) -> dict[str, Any]:
        names = {key: reference["name"] for key, reference in job.configuration.items() if key in ("model", "dataset")}
        values = {name: value for name, value in job.hyperparameters.items() if name != "uid" and value is not None}
        return names | values


def _requested_configuration(job: Job) -> dict[str, Any]:
    """The configuration as it was requested."""
    configuration = job.configuration
    return {
        "model": configuration["model"],
        "dataset": configuration["dataset"],
        "hyperparameters": configuration["given"],
    }


def _made_progress(job: Job) -> bool:
    """Whether the attempt reached a new step. A new step resets the count of stalled attempts."""
    if job.step <= job.furthest_step:
        return False
    job.furthest_step, job.stalled_attempts = job.step, 0
    return True


def _queue(job: Job, checked: Checked) -> None:
    saving = ModelSaving.model_validate(job.model_saving)
    job.state = lifecycle.next_state(state_of(job), "start")
    job.queued_at, job.wanted = now(), "run"
    job.spec = checked.spec(uid=job.uid, name=job.name, run_id=job.run_id, model_id=job.model_id, saving=saving)


def _invalid(errors: list[str]) -> ValidationError:
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
    """The posted reference. A missing name is replaced by the name of the record."""
    return {"uid": uid, "name": name or (found.name if found is not None else uid)}


def _show_configuration(job: Job) -> ShownConfiguration:
    return ShownConfiguration(
        model=ShownReference.model_validate(job.configuration["model"]),
        dataset=ShownReference.model_validate(job.configuration["dataset"]),
        hyperparameters=Hyperparameters.model_validate(job.hyperparameters),
    )


def _show_training(job: Job, progress: Progress, metrics: dict[str, Any]) -> JobTraining:
    return JobTraining(
        started_at=job.started_at,
        completed_at=job.completed_at,
        progress=progress.percent,
        current_epoch=progress.epoch,
        total_epochs=progress.total_epochs,
        current_step=progress.step,
        total_steps=progress.total_steps,
        phase=job.phase if job.state == "running" else None,
        attempt=job.attempt,
        metrics=metrics,
    )


def _show_live(job: Job, run: Run | None, progress: Progress) -> LiveMetrics:
    summary = run.summary if run else {}
    return LiveMetrics(
        current_loss=number(summary, "train_loss"),
        validation_loss=number(summary, "validation_loss"),
        current_epoch=progress.epoch,
        current_step=progress.step,
        last_updated=run.updated_at if run else job.updated_at,
    )
