"""Converts experiments and their runs to the schemas of the API. The only place that does."""

from __future__ import annotations

from typing import Any

from backend.experiments.entries import Entry
from backend.jobs.kinds import kind_of
from backend.runs.summary import plain
from pegbox.schemas.experiment import ExperimentRun
from pegbox.store.tables import Experiment


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
        return kind_of(entry.waiting).parameters(entry.waiting)
    return plain(entry.config or {})
