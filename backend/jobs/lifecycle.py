"""Which state a job may go to from which, and by what. A table, nothing else: no database, no clock.

created ──start──▶ queued ──claim──▶ running ──▶ completed │ failed │ cancelled
                    ▲  │               │  ▲
         resume/start  └──pause──▶ paused └─ revive (a worker that was away comes back in time)
                    └── interrupted (killed, lease expired) ◀── running
"""

from __future__ import annotations

from typing import Literal

from pegbox.errors import ConflictError
from pegbox.schemas.jobs.job import JobState
from pegbox.schemas.jobs.queue import Wanted

Verb = Literal["start", "claim", "revive", "interrupt", "pause", "resume", "cancel", "complete", "fail"]

TRANSITIONS: dict[tuple[JobState, Verb], JobState] = {
    ("created", "start"): "queued",
    ("created", "cancel"): "cancelled",
    ("created", "fail"): "failed",
    ("queued", "claim"): "running",
    ("queued", "revive"): "running",
    ("queued", "pause"): "paused",
    ("queued", "cancel"): "cancelled",
    ("queued", "complete"): "completed",
    ("queued", "fail"): "failed",
    ("running", "interrupt"): "queued",
    ("running", "pause"): "paused",
    ("running", "cancel"): "cancelled",
    ("running", "complete"): "completed",
    ("running", "fail"): "failed",
    ("paused", "resume"): "queued",
    ("paused", "start"): "queued",
    ("paused", "cancel"): "cancelled",
    ("paused", "complete"): "completed",
    ("paused", "fail"): "failed",
}
"""`created` can fail because of a job that it depends on. `queued` and `paused` can complete or fail because a worker that was out
of reach may report after all."""

TERMINAL: frozenset[JobState] = frozenset({"completed", "failed", "cancelled"})
CURRENT: tuple[JobState, ...] = ("running", "queued", "paused", "created")
PAST: tuple[JobState, ...] = ("completed", "failed", "cancelled")

PAST_TENSE: dict[Verb, str] = {
    "start": "started",
    "pause": "paused",
    "resume": "resumed",
    "cancel": "cancelled",
    "claim": "claimed",
    "revive": "revived",
    "interrupt": "interrupted",
    "complete": "completed",
    "fail": "failed",
}


def can(state: JobState, verb: Verb) -> bool:
    return (state, verb) in TRANSITIONS


def next_state(state: JobState, verb: Verb) -> JobState:
    """Where the verb leads; raises `ConflictError` when the state does not allow it."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        raise ConflictError(f"A job that is {state} cannot be {PAST_TENSE[verb]}") from None


def after_interruption(wanted: Wanted, stalled_attempts: int, max_stalled_attempts: int) -> Verb:
    """What an interrupted attempt leads to: what the user asked for, another attempt, or the end of patience."""
    if wanted == "cancel":
        return "cancel"
    if wanted == "pause":
        return "pause"
    return "fail" if stalled_attempts >= max_stalled_attempts else "interrupt"
