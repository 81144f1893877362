"""Queries on runs, of jobs and of scripts alike."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from backend.runs.listing import is_demonstration
from pegbox.store.tables import Experiment, Job, Run, RunSample


def find_run(db: Session, name: str) -> Run | None:
    """The run with this id, else the newest one of the job with this uid."""
    run = db.get(Run, name)
    if run is None:
        run = db.exec(select(Run).where(Run.job_uid == name).order_by(col(Run.created_at).desc()).limit(1)).first()
    return run


def find_job_of(db: Session, run: Run) -> Job | None:
    """The job that the run belongs to; a script's run has none."""
    return db.get(Job, run.job_uid) if run.job_uid else None


def list_recent_runs(db: Session, limit: int) -> list[tuple[Run, Experiment, Job | None]]:
    """Newest first, with the experiment and, where there is one, the job; without demonstrations, whose numbers are made up."""
    query = (
        select(Run, Experiment, Job)
        .join(Experiment, col(Experiment.id) == Run.experiment_id)
        .join(Job, col(Job.uid) == Run.job_uid, isouter=True)
        .where(~is_demonstration())
        .order_by(col(Run.created_at).desc())
        .limit(limit)
    )
    return [(run, experiment, job) for run, experiment, job in db.exec(query).all()]


def newest_samples(db: Session, run_ids: Sequence[str]) -> dict[str, RunSample]:
    """The last set of answers of each run that has any."""
    found: dict[str, RunSample] = {}
    for run_id in run_ids:
        query = select(RunSample).where(RunSample.run_id == run_id).order_by(col(RunSample.seq).desc()).limit(1)
        sample = db.exec(query).first()
        if sample is not None:
            found[run_id] = sample
    return found
