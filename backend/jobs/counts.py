"""Counts of jobs by state, computed in the database."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, func, select

from pegbox.schemas.jobs.state import CURRENT_STATES, TERMINAL_STATES
from pegbox.store.tables import Job

MOST_COMMON_STATE = "completed"
OTHER_STATES = tuple(state for state in (*CURRENT_STATES, *TERMINAL_STATES) if state != MOST_COMMON_STATE)

_ALL = select(func.count()).select_from(Job)
_BY_STATE = select(Job.state, func.count()).group_by(Job.state)
_NOT_COMPLETED = _BY_STATE.where(col(Job.state).in_(OTHER_STATES))
_ARCHIVED = _BY_STATE.where(col(Job.archived_at).is_not(None))


def count_by_state(db: Session) -> dict[str, int]:
    """The number of jobs in each state.

    Most jobs of a large installation are completed. Counting all jobs and the jobs in other states is faster than counting the
    completed jobs.
    """
    counts = _by_state(db, _NOT_COMPLETED)
    return {**counts, MOST_COMMON_STATE: int(db.exec(_ALL).one()) - sum(counts.values())}


def count_listed(db: Session) -> tuple[dict[str, int], int]:
    """The number of jobs in each state without archived jobs, and the number of archived jobs."""
    archived = _by_state(db, _ARCHIVED)
    listed = {state: count - archived.get(state, 0) for state, count in count_by_state(db).items()}
    return listed, sum(archived.values())


def _by_state(db: Session, query: Any) -> dict[str, int]:
    return {str(state): int(count) for state, count in db.exec(query).all()}
