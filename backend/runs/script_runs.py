"""Search for runs without a job, in the database, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, case, col, func, or_, select

from pegbox.schemas.runs.run import DEMO_TAG
from pegbox.store.tables import Experiment, Run

MAX_WORDS = 8


def is_demonstration() -> ColumnElement[bool]:
    """Condition: the run's numbers are made up."""
    return cast(col(Run.tags), String).like(f'%"{DEMO_TAG}"%')


@dataclass(frozen=True)
class ScriptRuns:
    """Number of runs without a job by experiment name, real and made-up ones."""

    real: dict[str, int]
    made_up: dict[str, int]

    def largest(self, most: int) -> list[tuple[str, int]]:
        """(experiment, number of real runs), the largest first."""
        known = [(name, count) for name, count in self.real.items() if count]
        return sorted(known, key=lambda known: (-known[1], known[0]))[:most]


def count_script_runs(db: Session) -> ScriptRuns:
    """Counts runs without a job in one query."""
    made_up = func.sum(case((is_demonstration(), 1), else_=0))
    of_scripts: Any = (
        select(Run.experiment_id, func.count().label("count"), made_up.label("made_up"))
        .where(col(Run.job_uid).is_(None))
        .group_by(Run.experiment_id)
        .subquery()
    )
    named = select(Experiment.name, of_scripts.c.count, of_scripts.c.made_up)
    found = db.exec(named.join(of_scripts, of_scripts.c.experiment_id == Experiment.id)).all()
    return ScriptRuns(
        {name: int(count) - int(made_up) for name, count, made_up in found},
        {name: int(made_up) for name, _, made_up in found},
    )


def search_script_runs(
    db: Session, query: str, experiment: str, counts: ScriptRuns, *, demo: bool, limit: int, offset: int
) -> tuple[list[tuple[Run, Experiment]], int]:
    """(a page of runs, last updated first; number of matches); with `demo` only demonstrations, else none."""
    made_up = is_demonstration()
    conditions: list[Any] = [col(Run.job_uid).is_(None), made_up if demo else ~made_up]
    if experiment:
        conditions.append(col(Experiment.name) == experiment)
    for word in query.lower().split()[:MAX_WORDS]:
        texts = (func.lower(Run.name), func.lower(Experiment.name), func.lower(Run.id))
        conditions.append(or_(*(text.contains(word, autoescape=True) for text in texts)))
    joined = col(Experiment.id) == Run.experiment_id
    if query:
        total = int(db.exec(select(func.count()).select_from(Run).join(Experiment, joined).where(*conditions)).one())
    else:
        known = counts.made_up if demo else counts.real
        total = known.get(experiment, 0) if experiment else sum(known.values())
    found = (
        select(Run, Experiment)
        .join(Experiment, joined)
        .where(*conditions)
        .order_by(col(Run.updated_at).desc(), col(Run.id))
        .limit(limit)
        .offset(offset)
    )
    return [(run, owner) for run, owner in db.exec(found).all()], total
