"""Queries on experiments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from backend.experiments.entries import has_no_run
from pegbox.store.tables import Experiment, Job, Run

MAX_WORDS = 8


def find_experiment(db: Session, key: str, *, lock: bool = False) -> Experiment | None:
    """By id, else by name. `lock` locks the row until the caller commits."""
    for column in (col(Experiment.id), col(Experiment.name)):
        query = select(Experiment).where(column == key)
        if found := db.exec(query.with_for_update() if lock else query).first():
            return found
    return None


def list_experiments(
    db: Session, words: str, *, starred: bool | None, limit: int, offset: int
) -> tuple[list[Experiment], int]:
    """(a page, newest first; number of matches). Each word must occur in the name or the description."""
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
    return [text.contains(word, autoescape=True) for word in words.lower().split()[:MAX_WORDS]]


def count_runs(db: Session, ids: Sequence[str]) -> dict[str, int]:
    """Number of runs by experiment id, jobs without a run included."""
    counts = dict.fromkeys(ids, 0)
    begun = select(Run.experiment_id, func.count()).where(col(Run.experiment_id).in_(ids)).group_by(Run.experiment_id)
    waiting = (
        select(Job.experiment_id, func.count())
        # Completed jobs have a run; excluding them keeps the query fast.
        .where(col(Job.experiment_id).in_(ids), Job.state != "completed", has_no_run())
        .group_by(col(Job.experiment_id))
    )
    for query in (begun, waiting):
        for experiment_id, count in db.exec(query).all():
            counts[str(experiment_id)] += int(count)
    return counts
