"""Runs of an experiment side by side."""

from __future__ import annotations

from sqlmodel import Session

from backend.experiments import service, views
from backend.experiments.entries import Entry, find_entries, list_entries
from backend.jobs.progress import number
from backend.runs.comparison import compare_settings, direction_of, flatten
from pegbox.errors import NotFoundError, ValidationError
from pegbox.schemas.experiment import BestValue, ComparedRun, RunCompareRequest, RunComparison
from pegbox.store.tables import Experiment

DEFAULT_RUNS = 20


def compare(db: Session, key: str, body: RunCompareRequest) -> RunComparison:
    """Last metrics and settings side by side.

    Raises `NotFoundError` for runs outside the experiment, `ValidationError` for demonstrations.
    """
    experiment = service.get_experiment(db, key)
    entries = (
        list_entries(db, experiment.id, limit=DEFAULT_RUNS, made_up=False)
        if body.run_ids is None
        else _chosen(db, experiment, body.run_ids)
    )
    summaries = [entry.summary for entry in entries]
    names = body.metrics or sorted(
        {name for summary in summaries for name in summary if number(summary, name) is not None}
    )
    rows = [
        ComparedRun(
            **views.show_run(entry).model_dump(include={"id", "name", "status", "params"}),
            metrics={name: number(summary, name) for name in names},
        )
        for entry, summary in zip(entries, summaries, strict=True)
    ]
    settings = compare_settings([flatten(row.params) for row in rows])
    return RunComparison(
        metrics=names,
        runs=rows,
        differences=[setting.label for setting in settings if setting.differs],
        best={name: found for name in names if (found := _best(rows, name))},
    )


def _chosen(db: Session, experiment: Experiment, run_ids: list[str]) -> list[Entry]:
    found = find_entries(db, experiment.id, run_ids)
    for run_id in run_ids:
        if run_id not in found:
            raise NotFoundError(f"Experiment '{experiment.name}' has no run '{run_id}'")
        if found[run_id].is_demonstration:
            raise ValidationError(f"run_ids: '{run_id}' is a demonstration, its numbers are made up; leave it out")
    # A job's uid and its run's id select the same entry.
    return list({found[run_id].id: found[run_id] for run_id in run_ids}.values())


def _best(rows: list[ComparedRun], name: str) -> BestValue | None:
    direction = direction_of(name)
    known = [(value, row.id) for row in rows if (value := row.metrics[name]) is not None]
    if direction is None or not known:
        return None
    pick = min if direction == "minimize" else max
    value, run_id = pick(known, key=lambda item: item[0])
    return BestValue(value=value, run_id=run_id)
