"""Baselines for a job's charts: the options of the select above them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from backend.jobs.search import find_baselines
from backend.jobs.service import find_job
from backend.jobs.trained_dataset import dataset_of
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.store.tables import Job

MOST_BASELINES = 20


@dataclass(frozen=True)
class Baseline:
    uid: str
    name: str
    is_chosen: bool


@dataclass(frozen=True)
class Baselines:
    """At most MOST_BASELINES in both groups together."""

    same_dataset: list[Baseline]
    other_datasets: list[Baseline]


def baselines_for(db: Session, job: Job, chosen: str) -> Baselines:
    """Completed jobs, and the chosen job if it has ended, whatever its age."""
    found = find_baselines(db, job, MOST_BASELINES)
    if chosen and chosen not in {other.uid for other in found}:
        wanted = find_job(db, chosen)
        if wanted and wanted.uid != job.uid and wanted.state in TERMINAL_STATES:
            found = [wanted, *found[: MOST_BASELINES - 1]]
    return Baselines(
        same_dataset=[_baseline(other, chosen) for other in found if dataset_of(other) == dataset_of(job)],
        other_datasets=[_baseline(other, chosen) for other in found if dataset_of(other) != dataset_of(job)],
    )


def _baseline(job: Job, chosen: str) -> Baseline:
    return Baseline(job.uid, job.name, job.uid == chosen)
