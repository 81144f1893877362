"""The states of a job and the transitions between them, as a table. No database, no clock.

created ──start──▶ queued ──claim──▶ running ──▶ completed │ failed │ cancelled
                    ▲  │               │  ▲
         resume/start  └──pause──▶ paused └─ revive (a disconnected worker reconnects in time)
                    └── interrupted (killed, lease expired) ◀── running
"""

from __future__ import annotations

from typing import Literal

from pegbox.errors import ConflictError
from pegbox.schemas.jobs.queue import Wanted
from pegbox.schemas.jobs.state import TERMINAL_STATES, JobState

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
"""A created job fails if a job that it depends on fails. A queued or paused job completes or fails if a disconnected worker reports
after all."""

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


Action = Literal["start", "resume", "pause", "cancel", "archive", "restore", "delete"]


def actions_of(state: JobState, wanted: str, *, archived: bool, pauses_while_running: bool) -> frozenset[Action]:
    """The actions that the state of a job permits."""
    actions: set[Action] = set()
    is_pending = state == "running" and wanted != "run"
    if can(state, "resume"):
        actions.add("resume")
    elif can(state, "start") and not archived:
        actions.add("start")
    if can(state, "pause") and not is_pending and (state != "running" or pauses_while_running):
        actions.add("pause")
    if can(state, "cancel") and wanted != "cancel":
        actions.add("cancel")
    if is_idle(state):
        actions.update(("restore" if archived else "archive", "delete"))
    return frozenset(actions)


def is_idle(state: JobState) -> bool:
    """Whether a job has ended or never started, so that it can be archived or deleted."""
    return state == "created" or state in TERMINAL_STATES


def next_state(state: JobState, verb: Verb) -> JobState:
    """The state after the verb. Raises `ConflictError` if the state does not allow the verb."""
    try:
        return TRANSITIONS[state, verb]
    except KeyError:
        raise ConflictError(f"A job that is {state} cannot be {PAST_TENSE[verb]}") from None


def after_interruption(wanted: Wanted, stalled_attempts: int, max_stalled_attempts: int) -> Verb:
    """The verb for an interrupted attempt: the requested action, otherwise another attempt, or failure after too many."""
    if wanted == "cancel":
        return "cancel"
    if wanted == "pause":
        return "pause"
    return "fail" if stalled_attempts >= max_stalled_attempts else "interrupt"
