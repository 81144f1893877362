"""Queries on experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from backend.experiments.entries import has_no_run
from pegbox.store.tables import Experiment, Job, Run

MOST_WORDS = 8


def find_experiment(db: Session, key: str, *, lock: bool = False) -> Experiment | None:
    """By id, else by name. A locked one stays until the caller commits."""
    for column in (col(Experiment.id), col(Experiment.name)):
        query = select(Experiment).where(column == key)
        if found := db.exec(query.with_for_update() if lock else query).first():
            return found
    return None


def list_experiments(
    db: Session, words: str, *, starred: bool | None, limit: int, offset: int
) -> tuple[list[Experiment], int]:
    """Newest first, and how many match in all. Each word must occur in the name or the description."""
    conditions = has_words(words)
    if starred is not None:
        conditions.append(col(Experiment.starred).is_(starred))
    total = db.exec(select(func.count()).select_from(Experiment).where(*conditions)).one()
    newest = (col(Experiment.created_at).desc(), col(Experiment.id))
    query = select(Experiment).where(*conditions).order_by(*newest).limit(limit).offset(offset)
    return list(db.exec(query).all()), int(total)


def has_words(words: str) -> list[Any]:
    """Conditions: each word occurs in the name or the description."""
    text = func.lower(Experiment.name) + "\n" + func.lower(Experiment.description)
    return [text.contains(word, autoescape=True) for word in words.lower().split()[:MOST_WORDS]]


def count_runs(db: Session, ids: Sequence[str]) -> dict[str, int]:
    """How many runs each of these experiments has, jobs that have not begun included."""
    counts = dict.fromkeys(ids, 0)
    begun = select(Run.experiment_id, func.count()).where(col(Run.experiment_id).in_(ids)).group_by(Run.experiment_id)
    waiting = (
        select(Job.experiment_id, func.count())
        # A completed one has a run; there are too many of them to look for each.
        .where(col(Job.experiment_id).in_(ids), Job.state != "completed", has_no_run())
        .group_by(col(Job.experiment_id))
    )
    for query in (begun, waiting):
        for experiment_id, count in db.exec(query).all():
            counts[str(experiment_id)] += int(count)
    return counts
