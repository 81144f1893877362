"""Ancestors and uses of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from backend.models import repository
from backend.models.tags import PRODUCTION
from pegbox.schemas.jobs.state import TERMINAL_STATES
from pegbox.store.tables import Job, Model

MAX_ANCESTORS = 20
MAX_JOBS = 50


@dataclass(frozen=True)
class Ancestor:
    """A base model, and the job and dataset that trained the next model from it. Deleted models have only a name."""

    model_id: str
    name: str
    in_collection: bool
    job: Job | None
    dataset: dict[str, object]


def ancestors(db: Session, model: Model) -> list[Ancestor]:
    """All ancestors, the direct base model first."""
    chain: list[Ancestor] = []
    seen = {model.id}
    current: Model | None = model
    while current is not None and current.base_model and len(chain) < MAX_ANCESTORS:
        base = repository.find_model(db, current.base_model)
        job = db.get(Job, current.source_job) if current.source_job else None
        name = base.name if base else current.base_model
        base_id = base.id if base else current.base_model
        chain.append(Ancestor(base_id, name, base is not None, job, dict(current.dataset or {})))
        current = base if base is not None and base.id not in seen else None
        seen.add(base_id)
    return chain


def jobs_from(db: Session, model: Model) -> list[Job]:
    """Jobs that train from this model, newest first."""
    used = col(Job.configuration)["model"]["uid"].as_string().in_([model.id, model.uid])
    return list(db.exec(select(Job).where(used).order_by(col(Job.created_at).desc()).limit(MAX_JOBS)).all())


def children(db: Session, model: Model) -> list[Model]:
    """Models that were trained from this model, newest first."""
    return repository.list_children(db, model)


def job_of(db: Session, model: Model) -> Job | None:
    """The job that made the model; `None` if deleted."""
    return db.get(Job, model.source_job) if model.source_job else None


@dataclass(frozen=True)
class Uses:
    """Uses of a model, newest first."""

    jobs: list[Job]
    models: list[Model]
    in_production: bool

    @property
    def unfinished(self) -> list[Job]:
        return [job for job in self.jobs if job.state not in TERMINAL_STATES]

    @property
    def reasons(self) -> list[str]:
        """Reasons against deletion, as parts of a sentence."""
        counted = ((len(self.unfinished), "unfinished job"), (len(self.models), "model"))
        used = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted if count]
        return (["is in production"] if self.in_production else []) + (
            [f"is used by {' and '.join(used)}"] if used else []
        )

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Details of the error that refuses a deletion."""
        jobs = [
            {"loc": ["jobs", job.uid], "msg": f"job '{job.name}' is {job.state}", "type": "use"}
            for job in self.unfinished
        ]
        return jobs + [
            {"loc": ["models", model.id], "msg": f"model '{model.name}' was trained from it", "type": "use"}
            for model in self.models
        ]


def find_uses(db: Session, model: Model) -> Uses:
    """Jobs that train from the model, models trained from it, and whether it is in production."""
    return Uses(jobs_from(db, model), children(db, model), PRODUCTION in model.tags)
