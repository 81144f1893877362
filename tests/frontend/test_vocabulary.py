"""The words that the dashboard's scripts decide by are those of the API."""

from __future__ import annotations

import re
from typing import get_args

from backend.jobs.lifecycle import TRANSITIONS
from frontend import TEMPLATES
from pegbox.schemas.jobs.queue import Phase
from pegbox.schemas.jobs.state import JobState
from pegbox.schemas.runs.live import Envelope
from pegbox.schemas.runs.run import EventKind

MODULE = TEMPLATES.parent / "src" / "api" / "vocabulary.ts"


def words(name: str) -> list[str]:
    """The strings of an exported list, with those of the lists that are spread into it."""
    found = re.search(rf"export const {name} = \[(.*?)\] as const;", MODULE.read_text("utf-8"), re.DOTALL)
    assert found, f"{MODULE.name} exports no {name}"
    listed: list[str] = []
    for word, spread in re.findall(r'"(\w+)"|\.\.\.(\w+)', found[1]):
        listed += [word] if word else words(spread)
    return listed


def test_states() -> None:
    assert words("JOB_STATES") == list(get_args(JobState))
    assert set(words("TERMINAL_STATES")) == set(get_args(JobState)) - {state for state, _ in TRANSITIONS}


def test_phases_in_their_order() -> None:
    assert words("PHASES") == list(get_args(Phase))


def test_kinds_of_events() -> None:
    assert words("EVENT_KINDS") == list(get_args(EventKind))


def test_kinds_of_envelopes() -> None:
    kinds = get_args(Envelope.model_fields["kind"].annotation)
    assert words("STORED_ENVELOPES") + words("TRANSIENT_ENVELOPES") == list(kinds)
