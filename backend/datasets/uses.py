"""Uses of a dataset: jobs that train or trained on it and models they made, each with the version it used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from backend.datasets import repository
from backend.jobs.trained_dataset import dataset_column
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.store.tables import Dataset, Job, Model

MAX_LISTED = 200


@dataclass(frozen=True)
class Uses:
    """Newest first, at most 200 of each; `unfinished` and `model_count` count all. `versions` maps job uid or model id to the
    version it used."""

    jobs: list[Job]
    models: list[Model]
    job_count: int
    unfinished: int
    model_count: int
    versions: dict[str, str]

    @property
    def in_use(self) -> bool:
        """Whether an unfinished job or a model uses the dataset."""
        return bool(self.unfinished or self.model_count)

    @property
    def sentence(self) -> str:
        parts = [
            f"{count} {noun}{'' if count == 1 else 's'}"
            for count, noun in ((self.unfinished, "unfinished job"), (self.model_count, "model"))
            if count
        ]
        return f"The dataset is used by {' and '.join(parts)}"

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Details of the error that refuses a deletion."""
        waiting = [job for job in self.jobs if job.state not in TERMINAL_STATES]
        jobs = [{"loc": ["jobs", job.uid], "msg": f"job '{job.name}' is {job.state}", "type": "use"} for job in waiting]
        return jobs + [
            {"loc": ["models", model.id], "msg": f"model '{model.name}'", "type": "use"} for model in self.models
        ]


def find_uses(db: Session, dataset: Dataset) -> Uses:
    """Jobs and models that refer to the dataset by uid or slug."""
    of_job = dataset_column().in_([dataset.uid, dataset.slug])
    of_model = col(Model.dataset)["uid"].as_string() == dataset.uid
    unfinished = col(Job.state).not_in(TERMINAL_STATES)
    jobs = db.exec(
        select(Job).where(of_job).order_by(unfinished.desc(), col(Job.created_at).desc()).limit(MAX_LISTED)
    ).all()
    models = db.exec(select(Model).where(of_model).order_by(col(Model.created_at).desc()).limit(MAX_LISTED)).all()
    return Uses(
        list(jobs),
        list(models),
        db.exec(select(func.count()).select_from(Job).where(of_job)).one(),
        db.exec(select(func.count()).select_from(Job).where(of_job, unfinished)).one(),
        db.exec(select(func.count()).select_from(Model).where(of_model)).one(),
        _versions_used(db, dataset, list(jobs), list(models)),
    )


def _versions_used(db: Session, dataset: Dataset, jobs: list[Job], models: list[Model]) -> dict[str, str]:
    """Version by job uid and model id. Without a stored version, the hash of the training CSV decides."""
    # Of versions with equal bytes the oldest: the list is newest first, and later entries win.
    by_hash = {version.sha256: version.version for version in repository.list_versions(db, dataset.uid)}
    used: dict[str, str] = {}
    for key, reference in (
        *((job.uid, (job.spec or {}).get("dataset") or {}) for job in jobs),
        *((model.id, model.dataset or {}) for model in models),
    ):
        version = reference.get("version") or by_hash.get(str(reference.get("sha256") or reference.get("hash")), "")
        if version:
            used[key] = str(version)
    return used
