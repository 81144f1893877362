"""Operations on experiments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.experiments import repository, views
from backend.experiments.best import best_of, best_values
from backend.experiments.entries import find_entries, list_entries
from backend.runs.comparison import direction_of
from pegbox.errors import ConflictError, NotFoundError, ValidationError
from pegbox.schemas.experiment import (
    BestRun,
    BestValue,
    Direction,
    ExperimentCreate,
    ExperimentDetail,
    ExperimentRuns,
    ExperimentUpdate,
    ExperimentView,
)
from pegbox.store.database import begin_write
from pegbox.store.experiments import new_experiment_id
from pegbox.store.tables import Experiment

SHOWN_RUNS = 20
"""Runs in the detail of an experiment; the list of runs is complete."""


def get_experiment(db: Session, key: str) -> Experiment:
    """By id or name. Raises `NotFoundError`."""
    experiment = repository.find_experiment(db, key)
    if experiment is None:
        raise NotFoundError(f"Experiment not found: {key}")
    return experiment


def list_experiments(
    db: Session, words: str, *, starred: bool | None, limit: int, offset: int
) -> tuple[list[ExperimentView], int]:
    """(a page, newest first; number of matches)"""
    found, total = repository.list_experiments(db, words, starred=starred, limit=limit, offset=offset)
    return _show(db, found), total


def create_experiment(db: Session, body: ExperimentCreate) -> ExperimentView:
    """Raises `ConflictError` when the name is taken."""
    begin_write(db)
    experiment = Experiment(id=new_experiment_id(), name=body.name, description=body.description, tags=body.tags)
    db.add(experiment)
    try:
        db.commit()
    except IntegrityError:
        raise ConflictError(f"Experiment '{body.name}' already exists; choose another name, or use it") from None
    return _show(db, [experiment])[0]


def show_experiment(db: Session, key: str) -> ExperimentDetail:
    """The experiment with its newest runs and best values. Raises `NotFoundError`."""
    experiment = view_experiment(db, key)
    runs = [views.show_run(entry) for entry in list_entries(db, experiment.id, limit=SHOWN_RUNS)]
    return ExperimentDetail(**experiment.model_dump(), runs=runs, best=find_best(db, experiment.id))


def view_experiment(db: Session, key: str) -> ExperimentView:
    """The experiment as in lists. Raises `NotFoundError`."""
    return _show(db, [get_experiment(db, key)])[0]


def find_best(db: Session, experiment_id: str) -> dict[str, BestValue]:
    """The best last value of each metric with a known direction."""
    found = best_values(db, experiment_id)
    owners = find_entries(db, experiment_id, [run_id for _, run_id in found.values()])
    # A run may have been deleted since.
    return {
        metric: BestValue(value=value, run_id=owners[run_id].id)
        for metric, (value, run_id) in found.items()
        if run_id in owners
    }


def list_runs(db: Session, key: str, *, limit: int, offset: int) -> ExperimentRuns:
    """A page of the experiment's runs, newest first. Raises `NotFoundError`."""
    experiment = get_experiment(db, key)
    entries = list_entries(db, experiment.id, limit=limit, offset=offset)
    return ExperimentRuns(
        runs=[views.show_run(entry) for entry in entries],
        total=repository.count_runs(db, [experiment.id])[experiment.id],
        limit=limit,
        offset=offset,
    )


def count_runs(db: Session, ids: Sequence[str]) -> dict[str, int]:
    """Number of runs of each of these experiments, jobs without a run yet included; by experiment id."""
    return repository.count_runs(db, ids)


def name_runs(db: Session, experiment_id: str, ids: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """(name, whether a job made it) of runs of the experiment, by id."""
    found = find_entries(db, experiment_id, ids)
    return {key: (entry.name, entry.job_uid is not None) for key, entry in found.items()}


def best_run(db: Session, key: str, metric: str, direction: Direction | None) -> BestRun:
    """Raises `NotFoundError` when no run has a number for the metric, `ValidationError` for an unknown direction."""
    experiment = get_experiment(db, key)
    direction = direction or direction_of(metric)
    if direction is None:
        raise ValidationError(f"direction: say whether to minimize or maximize '{metric}'; its name does not tell")
    found = best_of(db, experiment.id, metric, direction)
    if found is None:
        raise NotFoundError(f"No run of experiment '{experiment.name}' has a number for metric '{metric}'")
    value, run_id = found
    owner = find_entries(db, experiment.id, [run_id])[run_id]
    return BestRun(metric=metric, direction=direction, value=value, run=views.show_run(owner))


def update_experiment(db: Session, key: str, body: ExperimentUpdate) -> ExperimentView:
    """Changes the given fields. Raises `NotFoundError`."""
    experiment = _lock(db, key)
    if body.description is not None:
        experiment.description = body.description
    if body.tags is not None:
        experiment.tags = dict(body.tags)
    if body.starred is not None:
        experiment.starred = body.starred
    db.add(experiment)
    db.commit()
    return _show(db, [experiment])[0]


def delete_experiment(db: Session, key: str) -> None:
    """Deletes an empty experiment. Raises `ConflictError` for experiments with runs, jobs or artifacts."""
    experiment = _lock(db, key)
    count = repository.count_runs(db, [experiment.id])[experiment.id]
    if count:
        runs = "1 run" if count == 1 else f"{count} runs"
        raise ConflictError(f"Experiment '{experiment.name}' has {runs}; only an empty experiment can be deleted")
    name = experiment.name
    db.delete(experiment)
    try:
        db.commit()
    except IntegrityError:
        raise ConflictError(f"Experiment '{name}' has artifacts; it cannot be deleted") from None


def _lock(db: Session, key: str) -> Experiment:
    begin_write(db)
    experiment = repository.find_experiment(db, key, lock=True)
    if experiment is None:
        raise NotFoundError(f"Experiment not found: {key}")
    return experiment


def _show(db: Session, experiments: Sequence[Experiment]) -> list[ExperimentView]:
    counts = repository.count_runs(db, [experiment.id for experiment in experiments])
    return [ExperimentView(**views.experiment_fields(found, counts[found.id])) for found in experiments]
