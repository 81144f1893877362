"""Finding runs that no job made: by words, a page at a time, in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, col, func, or_, select

from pegbox.schemas.run import DEMO_TAG
from pegbox.store.tables import Experiment, Run

MOST_WORDS = 8


def is_demonstration() -> ColumnElement[bool]:
    """Runs whose numbers are made up."""
    return cast(col(Run.tags), String).like(f'%"{DEMO_TAG}"%')


def search_script_runs(
    db: Session, query: str, experiment: str, *, demo: bool, limit: int, offset: int
) -> tuple[list[tuple[Run, Experiment]], int]:
    """Runs of scripts and other trackers' clients, the last heard of first, and how many match in all; or demonstrations."""
    made_up = is_demonstration()
    conditions: list[Any] = [col(Run.job_uid).is_(None), made_up if demo else ~made_up]
    if experiment:
        conditions.append(col(Experiment.name) == experiment)
    for word in query.lower().split()[:MOST_WORDS]:
        texts = (func.lower(Run.name), func.lower(Experiment.name), func.lower(Run.id))
        conditions.append(or_(*(text.contains(word, autoescape=True) for text in texts)))
    joined = col(Experiment.id) == Run.experiment_id
    total = db.exec(select(func.count()).select_from(Run).join(Experiment, joined).where(*conditions)).one()
    found = (
        select(Run, Experiment)
        .join(Experiment, joined)
        .where(*conditions)
        .order_by(col(Run.updated_at).desc(), col(Run.id))
        .limit(limit)
        .offset(offset)
    )
    return [(run, owner) for run, owner in db.exec(found).all()], int(total)


def count_demonstrations(db: Session) -> int:
    """How many runs have made-up numbers."""
    return int(db.exec(select(func.count()).select_from(Run).where(is_demonstration())).one())


def list_experiments(db: Session, limit: int) -> list[tuple[str, int]]:
    """Experiments with runs of scripts, and how many each has; the largest first."""
    count = func.count()
    query = (
        select(Experiment.name, count)
        .join(Run, col(Run.experiment_id) == Experiment.id)
        .where(col(Run.job_uid).is_(None), ~is_demonstration())
        .group_by(Experiment.name)
        .order_by(count.desc(), Experiment.name)
        .limit(limit)
    )
    return [(str(name), int(runs)) for name, runs in db.exec(query).all()]
