"""Queries on runs of jobs and of scripts, on their media and artifacts. The monitor writes them; here they are only read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from backend.runs.script_runs import is_demonstration
from pegbox.errors import NotFoundError
from pegbox.store.tables import Experiment, Job, Run, RunArtifact, RunMedia, RunSample


def find_run(db: Session, key: str) -> Run | None:
    """By run id, else the newest run of the job with this uid."""
    run = db.get(Run, key)
    if run is None:
        run = db.exec(select(Run).where(Run.job_uid == key).order_by(col(Run.created_at).desc()).limit(1)).first()
    return run


def get_run(db: Session, key: str) -> Run:
    """By run id or job uid. Raises `NotFoundError`."""
    run = find_run(db, key)
    if run is None:
        raise NotFoundError(f"Run not found: {key}")
    return run


def find_job_of(db: Session, run: Run) -> Job | None:
    """The job of the run; `None` for a script's run."""
    return db.get(Job, run.job_uid) if run.job_uid else None


def list_recent_runs(db: Session, limit: int) -> list[tuple[Run, Experiment, Job | None]]:
    """Runs with their experiment and job, newest first; without demonstrations, whose numbers are made up."""
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
    """The last sample of each run that has one, by run id."""
    samples: dict[str, RunSample] = {}
    for run_id in run_ids:
        query = select(RunSample).where(RunSample.run_id == run_id).order_by(col(RunSample.seq).desc()).limit(1)
        sample = db.exec(query).first()
        if sample is not None:
            samples[run_id] = sample
    return samples


def newest_media(db: Session, run_id: str, limit: int) -> list[tuple[RunMedia, int]]:
    """(newest media of a name, number of steps that logged that name), sorted by name."""
    newest = (
        select(func.max(RunMedia.seq).label("seq"), func.count().label("count"))
        .where(RunMedia.run_id == run_id)
        .group_by(col(RunMedia.name))
        .subquery()
    )
    query = select(RunMedia, newest.c.count).join(newest, newest.c.seq == RunMedia.seq)
    rows = db.exec(query.order_by(col(RunMedia.name)).limit(limit)).all()
    return [(media, int(count)) for media, count in rows]


def list_artifacts(db: Session, run_id: str, limit: int) -> list[RunArtifact]:
    """The run's artifacts by name."""
    query = select(RunArtifact).where(RunArtifact.run_id == run_id).order_by(col(RunArtifact.name)).limit(limit)
    return list(db.exec(query).all())
