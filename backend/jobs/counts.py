"""How many jobs there are in each state, without a look at each of them."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, func, select

from backend.jobs.lifecycle import CURRENT, PAST
from pegbox.store.tables import Job

COMMON = "completed"
OTHERS = tuple(state for state in (*CURRENT, *PAST) if state != COMMON)


def count_by_state(db: Session) -> dict[str, int]:
    """Where there are many jobs, nearly all are completed: what the other states leave of all, which databases count fast."""
    counts = _count(db, col(Job.state).in_(OTHERS))
    total = db.exec(select(func.count()).select_from(Job)).one()
    return {**counts, COMMON: int(total) - sum(counts.values())}


def count_listed(db: Session) -> tuple[dict[str, int], int]:
    """How many jobs the dashboard's list has in each state, and how many are archived."""
    archived = _count(db, col(Job.archived_at).is_not(None))
    listed = {state: count - archived.get(state, 0) for state, count in count_by_state(db).items()}
    return listed, sum(archived.values())


def _count(db: Session, condition: Any) -> dict[str, int]:
    found = db.exec(select(Job.state, func.count()).where(condition).group_by(Job.state)).all()
    return {str(state): int(count) for state, count in found}
