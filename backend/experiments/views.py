"""Converts experiments and their runs to the schemas of the API. The only place that does."""

from __future__ import annotations

from typing import Any

from backend.experiments.entries import Entry
from backend.runs.summary import plain
from pegbox.schemas.experiment import ExperimentRun
from pegbox.schemas.jobs.environment import masked
from pegbox.store.tables import Experiment, Job


def experiment_fields(experiment: Experiment, run_count: int) -> dict[str, Any]:
    """Fields shared by lists and details."""
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


def show_run(entry: Entry) -> ExperimentRun:
    return ExperimentRun(
        id=entry.id,
        run_id=entry.run_id,
        name=entry.name,
        status=entry.state,
        tags=entry.tags,
        params=params_of(entry),
        metrics=plain(entry.summary),
        created_at=entry.created_at,
        completed_at=entry.completed_at,
    )


def params_of(entry: Entry) -> dict[str, Any]:
    """The run's settings; before the run exists, those of its job."""
    if entry.waiting is not None:
        return _params_of_job(entry.waiting)
    return plain(entry.config or {})


def _params_of_job(job: Job) -> dict[str, Any]:
    if job.kind == "command":
        return {"command": job.command, "gpu_count": job.gpu_count, **masked(job.environment)}
    names = {key: reference["name"] for key, reference in job.configuration.items() if key in ("model", "dataset")}
    return names | {name: value for name, value in job.hyperparameters.items() if name != "uid" and value is not None}
