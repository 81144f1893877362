"""Where a model comes from and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from backend.models import repository
from backend.models.tags import PRODUCTION
from pegbox.store.tables import TERMINAL_STATES, Job, Model

MOST_ANCESTORS = 20
MOST_JOBS = 50


@dataclass(frozen=True)
class Ancestor:
    """One step back: the model that was trained from, and by which job. What has left the collection is only a name."""

    model_id: str
    name: str
    in_collection: bool
    job: Job | None
    dataset: dict[str, object]


def ancestors(db: Session, model: Model) -> list[Ancestor]:
    """From the model's own base back to the first one, the nearest first."""
    chain: list[Ancestor] = []
    seen = {model.id}
    current: Model | None = model
    while current is not None and current.base_model and len(chain) < MOST_ANCESTORS:
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
    return list(db.exec(select(Job).where(used).order_by(col(Job.created_at).desc()).limit(MOST_JOBS)).all())


def children(db: Session, model: Model) -> list[Model]:
    """Models that were trained from this model, newest first."""
    return repository.list_children(db, model)


def job_of(db: Session, model: Model) -> Job | None:
    """The job that made it, if it is still there."""
    return db.get(Job, model.source_job) if model.source_job else None


@dataclass(frozen=True)
class Uses:
    """What rests on a model, newest first."""

    jobs: list[Job]
    models: list[Model]
    in_production: bool

    @property
    def unfinished(self) -> list[Job]:
        return [job for job in self.jobs if job.state not in TERMINAL_STATES]

    @property
    def reasons(self) -> list[str]:
        """Why it should stay, as parts of a sentence."""
        counted = ((len(self.unfinished), "unfinished job"), (len(self.models), "model"))
        used = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted if count]
        return (["is in production"] if self.in_production else []) + (
            [f"is used by {' and '.join(used)}"] if used else []
        )

    @property
    def findings(self) -> list[dict[str, Any]]:
        """For the error that refuses a deletion."""
        jobs = [
            {"loc": ["jobs", job.uid], "msg": f"job '{job.name}' is {job.state}", "type": "use"}
            for job in self.unfinished
        ]
        return jobs + [
            {"loc": ["models", model.id], "msg": f"model '{model.name}' was trained from it", "type": "use"}
            for model in self.models
        ]


def find_uses(db: Session, model: Model) -> Uses:
    """Jobs that train from it, models made of it, and whether it is the one in production."""
    return Uses(jobs_from(db, model), children(db, model), PRODUCTION in model.tags)
