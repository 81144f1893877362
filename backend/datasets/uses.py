"""What rests on a dataset: the jobs that train or trained on it, the models they made, each with the version it saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, func, select

from backend.datasets import repository
from pegbox.store.tables import TERMINAL_STATES, Dataset, Job, Model

MOST_LISTED = 200


@dataclass(frozen=True)
class Uses:
    """Newest first, at most 200 of each; `unfinished` and `model_count` count all. `versions` says which one each saw."""

    jobs: list[Job]
    models: list[Model]
    job_count: int
    unfinished: int
    model_count: int
    versions: dict[str, str]

    @property
    def hold(self) -> bool:
        """Whether something needs the dataset that is more than a memory."""
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
        """For the error that refuses a deletion."""
        waiting = [job for job in self.jobs if job.state not in TERMINAL_STATES]
        jobs = [{"loc": ["jobs", job.uid], "msg": f"job '{job.name}' is {job.state}", "type": "use"} for job in waiting]
        return jobs + [
            {"loc": ["models", model.id], "msg": f"model '{model.name}'", "type": "use"} for model in self.models
        ]


def find_uses(db: Session, dataset: Dataset) -> Uses:
    """Who refers to it, by uid or by its readable id."""
    of_job = col(Job.configuration)["dataset"]["uid"].as_string().in_([dataset.uid, dataset.slug])
    of_model = col(Model.dataset)["uid"].as_string() == dataset.uid
    unfinished = col(Job.state).not_in(TERMINAL_STATES)
    jobs = db.exec(
        select(Job).where(of_job).order_by(unfinished.desc(), col(Job.created_at).desc()).limit(MOST_LISTED)
    ).all()
    models = db.exec(select(Model).where(of_model).order_by(col(Model.created_at).desc()).limit(MOST_LISTED)).all()
    return Uses(
        list(jobs),
        list(models),
        db.exec(select(func.count()).select_from(Job).where(of_job)).one(),
        db.exec(select(func.count()).select_from(Job).where(of_job, unfinished)).one(),
        db.exec(select(func.count()).select_from(Model).where(of_model)).one(),
        _versions_seen(db, dataset, list(jobs), list(models)),
    )


def _versions_seen(db: Session, dataset: Dataset, jobs: list[Job], models: list[Model]) -> dict[str, str]:
    """By job uid and model id; what did not write the version down is told by the hash of what it trained on."""
    # Of versions with equal bytes the oldest: the list is newest first, and later entries win.
    by_hash = {version.sha256: version.version for version in repository.list_versions(db, dataset.uid)}
    seen: dict[str, str] = {}
    for key, told in (
        *((job.uid, (job.spec or {}).get("dataset") or {}) for job in jobs),
        *((model.id, model.dataset or {}) for model in models),
    ):
        word = told.get("version") or by_hash.get(str(told.get("sha256") or told.get("hash")), "")
        if word:
            seen[key] = str(word)
    return seen
