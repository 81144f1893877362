"""How many jobs there are in each state, without a look at each of them."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, func, select

from pegbox.schemas.jobs.state import CURRENT_STATES, TERMINAL_STATES
from pegbox.store.tables import Job

COMMON = "completed"
OTHERS = tuple(state for state in (*CURRENT_STATES, *TERMINAL_STATES) if state != COMMON)

_ALL = select(func.count()).select_from(Job)
_BY_STATE = select(Job.state, func.count()).group_by(Job.state)
_NOT_COMPLETED = _BY_STATE.where(col(Job.state).in_(OTHERS))
_ARCHIVED = _BY_STATE.where(col(Job.archived_at).is_not(None))


def count_by_state(db: Session) -> dict[str, int]:
    """Where there are many jobs, nearly all are completed: what the other states leave of all, which databases count fast."""
    counts = _by_state(db, _NOT_COMPLETED)
    return {**counts, COMMON: int(db.exec(_ALL).one()) - sum(counts.values())}


def count_listed(db: Session) -> tuple[dict[str, int], int]:
    """How many jobs the dashboard's list has in each state, and how many are archived."""
    archived = _by_state(db, _ARCHIVED)
    listed = {state: count - archived.get(state, 0) for state, count in count_by_state(db).items()}
    return listed, sum(archived.values())


def _by_state(db: Session, query: Any) -> dict[str, int]:
    return {str(state): int(count) for state, count in db.exec(query).all()}
