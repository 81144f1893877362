"""Places a job in an experiment."""

from __future__ import annotations

from sqlmodel import Session

from backend.experiments import repository
from pegbox.errors import ValidationError
from pegbox.store.experiments import ensure_experiment
from pegbox.store.tables import Experiment


def place_job(db: Session, experiment_id: str | None, name: str) -> Experiment:
    """The experiment with the id, otherwise the experiment with the name, created if new.

    Part of the caller's transaction. Raises `ValidationError` for an unknown id.
    """
    key = experiment_id or ensure_experiment(db.connection(), name)
    experiment = repository.find_experiment(db, key, lock=True)
    if experiment is None:
        raise ValidationError(f"Experiment not found: {key}", errors=[{"loc": ["body", "experiment_id"], "msg": key}])
    return experiment
