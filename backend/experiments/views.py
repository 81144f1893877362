"""Shapes experiments and their runs for the wire. The only place that does."""

from __future__ import annotations

from typing import Any, cast

from backend.experiments.entries import Entry
from backend.runs.summary import plain
from pegbox.schemas.environment import masked
from pegbox.schemas.experiment import ExperimentRun
from pegbox.schemas.job import JobState
from pegbox.store.tables import Experiment, Job


def experiment_fields(experiment: Experiment, run_count: int) -> dict[str, Any]:
    """What lists and details have in common."""
    return {
        "id": experiment.id,
        "name": experiment.name,
        "description": experiment.description,
        "tags": experiment.tags,
        "tag_list": list(experiment.tags),
        "starred": experiment.starred,
        "created_at": experiment.created_at,
        "run_count": run_count,
    }


def id_of(entry: Entry) -> str:
    """The job's uid, else the run's id."""
    if entry.job is not None:
        return entry.job.uid
    assert entry.run is not None
    return entry.run.id


def show_run(entry: Entry) -> ExperimentRun:
    """A job's words for a job, even when its run says otherwise: it knows better than a process that was killed."""
    run, job = entry.run, entry.job
    owner = job or run
    assert owner is not None
    return ExperimentRun(
        id=id_of(entry),
        run_id=job.run_id if job else id_of(entry),
        name=owner.name,
        status=_status(entry),
        tags=owner.tags,
        params=params_of(entry),
        metrics=plain(run.summary) if run else {},
        created_at=owner.created_at,
        completed_at=job.completed_at if job else run.finished_at if run else None,
    )


def params_of(entry: Entry) -> dict[str, Any]:
    """The run's settings; before it begins, what its job asks for."""
    if entry.run is not None:
        return plain(entry.run.config)
    return _asked(entry.job) if entry.job is not None else {}


def _asked(job: Job) -> dict[str, Any]:
    if job.kind == "command":
        return {"command": job.command, "gpu_count": job.gpu_count, **masked(job.environment)}
    names = {key: reference["name"] for key, reference in job.configuration.items() if key in ("model", "dataset")}
    return names | {name: value for name, value in job.hyperparameters.items() if value is not None}


def _status(entry: Entry) -> JobState:
    if entry.job is not None:
        return cast(JobState, entry.job.state)
    status = entry.run.status if entry.run is not None else "created"
    return "completed" if status == "finished" else cast(JobState, status)
